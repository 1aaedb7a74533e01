export const SHELLS = ['bash', 'zsh', 'fish', 'kubectl'] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * What a shell has to be told, by shell. `kubectl` is the program that kubectl's own completion asks for `kubectl deepseek`; the others
 * are for `kubectl-deepseek`, called by its name. All of them ask the plugin itself.
 */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  kubectl: `#!/bin/sh
# Put this on the PATH as kubectl_complete-deepseek.
exec kubectl-deepseek __complete "$@"
`,
  bash: `# kubectl-deepseek in bash: source <(kubectl deepseek completion bash)
_kubectl_deepseek() {
  local lines directive word
  COMPREPLY=()
  lines=$(kubectl-deepseek __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null) || return
  directive="\${lines##*:}"
  while IFS=$'\\t' read -r word _; do
    [[ -n $word && $word != :* ]] && COMPREPLY+=("$word")
  done <<<"$lines"
  if [[ $directive == 0 && \${#COMPREPLY[@]} == 0 ]]; then
    compopt -o default 2>/dev/null
  fi
}
complete -F _kubectl_deepseek kubectl-deepseek
`,
  zsh: `#compdef kubectl-deepseek
# kubectl-deepseek in zsh: source <(kubectl deepseek completion zsh)
_kubectl_deepseek() {
  local -a lines candidates
  local line word
  lines=("\${(@f)$(kubectl-deepseek __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in $lines; do
    [[ $line == :* || -z $line ]] && continue
    word="\${line%%$'\\t'*}"
    if [[ $line == *$'\\t'* ]]; then
      candidates+=("\${word//:/\\\\:}:\${line#*$'\\t'}")
    else
      candidates+=("\${word//:/\\\\:}")
    fi
  done
  if (( \${#candidates} )); then
    _describe -t values kubectl-deepseek candidates
  elif [[ \${lines[-1]} == :0 ]]; then
    _files
  fi
}
compdef _kubectl_deepseek kubectl-deepseek
`,
  fish: `# kubectl-deepseek in fish: kubectl deepseek completion fish | source
function __kubectl_deepseek_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l lines (kubectl-deepseek __complete $words[2..-1] 2>/dev/null)
    set -l values (string match -v -r '^:' -- $lines)
    if test (count $values) -gt 0
        printf '%s\\n' $values
    else if test "$lines[-1]" = :0
        __fish_complete_path (commandline -ct)
    end
end
complete -c kubectl-deepseek -f -a '(__kubectl_deepseek_complete)'
`,
};
