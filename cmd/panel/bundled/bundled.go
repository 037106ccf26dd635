// Package bundled has the plugins that come with the panel, and the simulator
// of R01. The panel runs each as a process of its own, from its own program.
package bundled

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/internal/r01sim"
	"registrar.panel/plugin/manual"
	"registrar.panel/plugin/r01"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrarrpc"
	"registrar.panel/shared/secret"
)

// Words with which the panel runs itself as something else.
const (
	PluginWord    = "plugin"
	SimulatorWord = "r01sim"
)

// Plugins returns the plugins that come with the panel, by name.
func Plugins() map[string]func(*slog.Logger) registrar.Plugin {
	return map[string]func(*slog.Logger) registrar.Plugin{
		"r01":    func(log *slog.Logger) registrar.Plugin { return r01.New(log) },
		"manual": func(log *slog.Logger) registrar.Plugin { return manual.New(log) },
	}
}

// Commands returns the commands that run them: each is a process of its own, from this very program.
func Commands() (map[string][]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the panel's program: %w", err)
	}
	commands := map[string][]string{}
	for name := range Plugins() {
		commands[name] = []string{self, PluginWord, name}
	}
	return commands, nil
}

// Serve runs as the process of a bundled plugin, and returns when the plugin has ended.
func Serve(name string, stderr io.Writer) int {
	make, ok := Plugins()[name]
	if !ok {
		fmt.Fprintf(stderr, "panel: no plugin %q is bundled\n", name)
		return command.ExitUsage
	}
	log := registrarrpc.Logger(name)
	if err := secret.Conceal(); err != nil {
		log.Warn("other processes of this user can read the plugin's secrets", "err", err)
	}
	registrarrpc.Serve(registrarrpc.ServeOptions{Plugin: make(log), Logger: log})
	return command.ExitDone
}

// Simulate runs as the process of the simulator.
func Simulate(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return r01sim.Command(ctx, args, os.Getenv, stdout, stderr)
}
