package web

import (
	"net/http"
	"testing"

	"registrar.panel/host/access"
	"registrar.panel/host/web/api"
)

// How people are told is shown to who may look; that it works is tried by who administers.
func TestNotifications(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	var all []api.Notification
	b.decode(b.call("GET", "/api/v1/notifications", ""), http.StatusOK, &all)
	if len(all) != 2 || all[0].Channel != "mail" || all[0].Messages != 4 || all[0].LastAt == nil || all[0].Error != nil || all[1].Error == nil || all[1].LastAt != nil {
		t.Errorf("told: %+v", all)
	}
	var tried []api.NotificationTest
	b.decode(b.call("POST", "/api/v1/notifications/test", "{}"), http.StatusOK, &tried)
	if len(tried) != 2 || !tried[0].OK || tried[1].OK || tried[1].Detail != "asked by olga" {
		t.Errorf("tried: %+v", tried)
	}
	b.peer = &access.Caller{Name: "shop", Rights: []access.Right{access.Look}}
	b.refused(b.call("POST", "/api/v1/notifications/test", "{}"), 403, "FORBIDDEN")
}
