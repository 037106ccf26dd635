package reference

import "strings"

// Shells lists the shells for which there is a script.
const Shells = "bash,zsh,fish"

// Each script asks PROGRAM complete -- WORD…, which prints one candidate per line, then a tab and its help.
var scripts = map[string]string{
	"bash": `# bash completion for PROGRAM, as "PROGRAM completion bash" prints it.
_PROGRAM() {
	local IFS=$'\n' current=${COMP_WORDS[COMP_CWORD]}
	[ "$current" != = ] || current=
	COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f 1)" -- "$current"))
}
complete -o default -F _PROGRAM PROGRAM
`,
	"zsh": `#compdef PROGRAM
# zsh completion for PROGRAM, as "PROGRAM completion zsh" prints it.
_PROGRAM() {
	local -a found
	found=("${(@f)$("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
	found=("${(@)found//:/\\:}")
	found=("${(@)found/$'\t'/:}")
	[[ -n "${found[1]}" ]] && _describe PROGRAM found || _files
}
if [ "$funcstack[1]" = _PROGRAM ]; then
	_PROGRAM "$@"
else
	compdef _PROGRAM PROGRAM
fi
`,
	"fish": `# fish completion for PROGRAM, as "PROGRAM completion fish" prints it.
complete -c PROGRAM -a '(PROGRAM complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
}

// Script returns what a shell reads to complete the program's command lines; "" for an unknown shell.
func Script(shell, program string) string {
	return strings.ReplaceAll(scripts[shell], "PROGRAM", program)
}
