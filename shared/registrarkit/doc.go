// Package registrarkit has what every registrar with durable state needs: the lock that keeps a second
// instance off its data, the stream of its events, and its phrases in other languages. It uses files and
// channels, and no database.
package registrarkit
