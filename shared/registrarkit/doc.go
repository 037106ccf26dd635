// Package registrarkit has the two parts that every registrar with a durable state needs: the
// lock that keeps a second instance off its data, and the stream of its events. It knows files
// and channels, and no database.
package registrarkit
