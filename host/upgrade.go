package host

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"registrar.panel/host/config"
	"registrar.panel/host/supervisor"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// Upgrade reads plugin.hcl again and replaces a registrar's program and settings by those in the
// file; see [supervisor.Supervisor.Upgrade]. Other changes in the file take effect with the next
// start of the panel. The Action Log records by, the person who decides.
func (h *Host) Upgrade(ctx context.Context, name, by, forWhom string) (supervisor.Status, error) {
	if strings.TrimSpace(by) == "" {
		return supervisor.Status{}, &registrar.Error{Code: registrar.Invalid, Detail: "the request has mistakes",
			Problems: []registrar.Problem{{Path: "by", Message: "is required: who decides"}}}
	}

	spec, err := h.reread(name)
	if err == nil {
		err = spec.Fault
	}

	if err != nil {
		return supervisor.Status{}, publicError(err)
	}

	// Read once more for its warnings alone; what is exchanged is in spec.
	if c, err := config.LoadServing(h.path, h.environment); err == nil {
		warn(c, h.log)
	}

	from, to, err := h.supervisor.Upgrade(ctx, spec)
	level, message := registrar.LevelInfo, fmt.Sprintf("plugin %s was upgraded from %s to %s", name, orUnknown(from), orUnknown(to))
	if err != nil {
		level, message = registrar.LevelError, fmt.Sprintf("plugin %s was not upgraded: %v", name, err)
	}
	if forWhom != "" {
		message += fmt.Sprintf(" (on behalf of %q)", forWhom)
	}

	// The exchange is done, or has failed, even if the caller has not waited for it.
	err = errors.Join(publicError(err), h.orders.Note(context.WithoutCancel(ctx), name, by, level, message))
	at := slices.IndexFunc(h.Statuses(), func(s supervisor.Status) bool { return s.Name == name })
	if at < 0 {
		return supervisor.Status{}, err
	}

	return h.Statuses()[at], err
}

// Settings implements [web.Plugins].
func (h *Host) Settings(name string) (all []api.Setting) {
	for _, s := range h.launcher.InForce(name) {
		all = append(all, api.Setting{Name: s.Path, Value: optional(s.Value), Secret: s.Secret, Default: !s.Written, About: optional(s.About)})
	}
	return all
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// reread makes the specification of one plugin from the present file.
func (h *Host) reread(name string) (supervisor.Spec, error) {
	old, known := h.config.Registrar(name)
	if !known {
		return supervisor.Spec{}, registrar.Errorf(registrar.NotFound, "there is no registrar %q", name)
	}

	c, err := config.LoadServing(h.path, h.environment)
	if err != nil {
		return supervisor.Spec{}, err
	}

	// One plugin can't change what the rest of the panel was opened with: the routes of new orders, and the plugin and the
	// user whose data are in its directory.
	r, ok := c.Registrar(name)
	switch {
	case ok && r.Fault() != nil:
		return supervisor.Spec{}, r.Fault()
	case !ok || r.Retired:
		return supervisor.Spec{}, registrar.Errorf(registrar.NotFound, "%s names no registrar %q any more; restart the panel to do without it", filepath.Base(h.path), name)
	case !slices.Equal(r.TLDs, old.TLDs) || r.Default != old.Default:
		return supervisor.Spec{}, r.TLDsAt.Errorf("tlds and default decide where new orders go: restart the panel to change them")
	case r.Plugin != old.Plugin:
		if err := h.launcher.Data.CheckPlugin(r); err != nil {
			return supervisor.Spec{}, err
		}
		return supervisor.Spec{}, r.PluginAt.Errorf("plugin decides which program keeps the data of the registrar: restart the panel to change plugin")
	case r.User != old.User:
		return supervisor.Spec{}, r.UserAt.Errorf("two users can't own the plugin's data at the same time: restart the panel to change user")
	}

	c.Registrars = []config.Registrar{r}
	return h.launcher.With(c).Specs()[0], nil
}

// publicError returns an error that a caller of the API may read: the reasons why a plugin can't be
// upgraded contain no secret.
func publicError(err error) error {
	var known *registrar.Error
	var mistakes *config.Error
	switch {
	case err == nil || errors.As(err, &known) && known.Error() == err.Error():
		return err
	case errors.As(err, &mistakes):
		return registrar.Errorf(registrar.Invalid, "%s", mistakes.Error())
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return registrar.Errorf(registrar.Precondition, "%s", err.Error())
}

func orUnknown(version string) string {
	if version == "" {
		return "an unknown version"
	}
	return version
}
