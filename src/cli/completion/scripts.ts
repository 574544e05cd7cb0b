/** What each shell needs to ask us: `kubectl-recover __complete WORDS...` answers as cobra's programs do. */
export const scripts: Readonly<Record<string, string>> = {
  bash: String.raw`# kubectl-recover: source <(kubectl-recover completion bash)
_kubectl_recover() {
  local rest=$COMP_LINE word before i directive line words=() IFS=$'\n'
  COMPREPLY=()
  # bash splits words at colons and equals signs: what stands together belongs together
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${"$"}{COMP_WORDS[i]}
    before=${"$"}{rest%%[![:space:]]*}
    rest=${"$"}{rest:${"$"}{#before}}
    if [[ -z $before && -n $word && ${"$"}{#words[@]} -gt 0 ]]; then
      words[${"$"}{#words[@]}-1]+=$word
    elif [[ -n $word || -n $before ]]; then
      words+=("$word")
    fi
    rest=${"$"}{rest:${"$"}{#word}}
  done
  for ((i = 0; i < ${"$"}{#words[@]}; i++)); do
    words[i]=$(printf '%s' "${"$"}{words[i]}" | sed "s/^[\"']//; s/\\\\\(.\)/\1/g")
  done
  local cur=${"$"}{words[${"$"}{#words[@]}-1]}
  # what readline replaces begins after the last colon or equals sign
  local kept=${"$"}{cur%"${"$"}{cur##*[:=]}"}
  [[ $COMP_WORDBREAKS == *:* ]] || kept=
  while read -r line; do
    if [[ $line == :* ]]; then directive=${"$"}{line:1}; continue; fi
    line=${"$"}{line%%$'\t'*}
    [[ $line == "$cur"* ]] && COMPREPLY+=("${"$"}{line#"$kept"}")
  done < <(kubectl-recover __complete "${"$"}{words[@]:1}" 2>/dev/null)
  ((directive & 2)) && compopt -o nospace
  ((directive & 4)) || COMPREPLY+=($(compgen -f -- "$cur"))
  # quotes what the shell would take apart; a colon as well, so not while a session is typed
  [[ -n $kept ]] || ! ((directive & 4)) && compopt -o filenames
} && complete -F _kubectl_recover kubectl-recover
`,
  zsh: String.raw`#compdef kubectl-recover
# kubectl-recover: source <(kubectl-recover completion zsh), or as _kubectl-recover in a folder of $fpath
_kubectl_recover() {
  local line value about directive=0
  local -a values abouts space
  for line in "${"$"}{(@f)$(kubectl-recover __complete "${"$"}{(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == :* ]]; then directive=${"$"}{line#:}; continue; fi
    value=${"$"}{line%%$'\t'*} about=${"$"}{line#*$'\t'}
    [[ $about == $line ]] && about= || about="  -- $about"
    values+=("$value") abouts+=("$value$about")
  done
  ((directive & 2)) && space=(-S '')
  ((${"$"}{#values})) && compadd "${"$"}{space[@]}" -l -d abouts -- $values
  ((directive & 4)) || _files
}
if [[ $funcstack[1] == _kubectl-recover ]]; then _kubectl_recover "$@"; else compdef _kubectl_recover kubectl-recover; fi
`,
  fish: String.raw`# kubectl-recover: kubectl-recover completion fish | source
function __kubectl_recover
    set -l words (commandline -opc) (commandline -ct)
    set -l answer (kubectl-recover __complete $words[2..] 2>/dev/null)
    set -l directive (string replace -r '^:' '' -- $answer[-1])
    set -e answer[-1]
    for line in $answer
        echo $line
    end
    test (math "bitand($directive, 4)" 2>/dev/null || echo 4) -eq 0 && __fish_complete_path (commandline -ct)
end
complete -c kubectl-recover -f -a '(__kubectl_recover)'
`,
  kubectl: `#!/bin/sh
# For "kubectl recover <TAB>", with kubectl's own completion: an executable kubectl_complete-recover in the PATH.
exec kubectl-recover __complete "$@"
`,
}
