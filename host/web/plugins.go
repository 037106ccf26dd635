package web

import (
	"net/http"

	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

func (s *Server) listPlugins(*http.Request) ([]api.Plugin, error) {
	return list(s.plugins.Statuses(), pluginOf), nil
}

// listPhrases lists what the registrars at work say.
func listPhrases(plugins Plugins) func(*http.Request) ([]api.Phrase, error) {
	return func(*http.Request) ([]api.Phrase, error) {
		all := []api.Phrase{}
		for _, p := range plugins.Statuses() {
			all = append(all, list(p.Phrases, func(p registrar.Phrase) api.Phrase { return api.Phrase{Code: p.Code, Texts: p.Texts} })...)
		}
		return all, nil
	}
}

func (s *Server) listSettings(r *http.Request) ([]api.Setting, error) {
	return append([]api.Setting{}, s.plugins.Settings(r.PathValue("name"))...), nil
}

func (s *Server) upgradePlugin(r *http.Request, in api.Upgrade) (api.Plugin, error) {
	if err := checkFor(in.By); err != nil {
		return api.Plugin{}, err
	}
	status, err := s.plugins.Upgrade(r.Context(), r.PathValue("name"), caller(r).Name, forWhom(r, in.By))
	return pluginOf(status), err
}
