# The part of tools/quickstart --web: nginx serves the page, and each realm's calls on a port of its own, as realms of
# several operators have origins of their own. Plain HTTP, on this host only: browsers take localhost for secure. Its realms
# have TLS ports too, which a browser would take with a certificate that it knows. Sourced; uses quickstart's functions.

web_prepare() {
  declare -gA web_port=() tls_port=() web_id=()
  page_port=$(free_port)
  chapter "Compiling the page (the first time fetches the packages of its lock file)"
  web_out=${LABREC_WEB:-$build/web}
  "$root/tools/web/build" "$web_out" || wrong "the page does not compile"
  good "the page and the client library are built"
}

web_settings() {  # realm number: what a realm with a page has besides
  # The page enrols its browser itself. The fourth wrong guess makes the next wait.
  sed -i 's/^delays_seconds = .*/first_device = "open"\ndelays_seconds = [0, 0, 0, 8, 0]/' "$work/realm$1/recoveryd.toml"
  cat >>"$work/realm$1/recoveryd.toml" <<TOML

[web]
address = "unix:$work/realm$1/web.sock"
origins = ["http://localhost:$page_port"${origin:+, \"$origin\"}]

[limits]
account_burst = 2000  # one account of one person, who clicks a lot
TOML
}

web_session() {  # account; what the messenger's own server gives a page that has signed in
  local i
  for i in $(seq "$realms"); do
    jq -n --arg id "${id[$i]}" --arg name "${name[$i]}" --arg url "http://localhost:${web_port[$i]}/connect" \
      --arg token "$(labyrinth-admin token issue --key "$work/tenant.key" --tenant chat --account "$1" --lifetime 86400 --realm "${id[$i]}")" \
      '{$id, $name, $url, $token}'
  done | jq -s --arg account "$1" --argjson threshold $threshold '{tenant: "chat", $account, $threshold, realms: .}'
}

web_nginx() {  # prints nginx's configuration
  local i connect="'self'"
  for i in $(seq "$realms"); do connect+=" http://localhost:${web_port[$i]}"; done
  sed -e "s|@work@|$work|g" -e "s|@page@|$web_out/page|g" -e "s|@page_port@|$page_port|g" -e "s|@connect@|$connect|g" \
    "$root/tools/web/nginx/page.conf"
  for i in $(seq "$realms"); do
    sed -e "s|@work@|$work|g" -e "s|@realm@|$i|g" -e "s|@port@|${web_port[$i]}|g" -e "s|@tls_port@|${tls_port[$i]}|g" \
      "$root/tools/web/nginx/realm.conf"
  done
  echo '}'
}

web_down() {  # realm number
  [ -n "${daemon[$1]:-}" ] || { say "realm $1 is down already"; return; }
  end_process "${daemon[$1]}" || true
  unset "daemon[$1]"
  good "realm ${name[$1]} is down"
}
web_up() {
  [ -z "${daemon[$1]:-}" ] || { say "realm $1 is up already"; return; }
  start_daemon "$1"
  good "realm ${name[$1]} is up"
}

web_ready() {  # for a test: all that it needs to know, and sessions of accounts of its own
  local account i
  for account in bob carol erin frank grace heidi ivan judy kate leo mary nina paul; do web_session "$account"; done |
    jq -s --arg page "http://localhost:$page_port/" --arg work "$work" --arg tls "$(for i in $(seq "$realms"); do echo "${tls_port[$i]}"; done)" \
      '{$page, $work, tls_ports: ($tls | split("\n") | map(tonumber)), sessions: .}' >"$work/web.json"
  mv "$work/web.json" "$LABREC_WEB_READY"
}

web_serve() {
  local i word number
  for i in $(seq "$realms"); do
    web_port[$i]=$(free_port)
    tls_port[$i]=$(free_port)
  done
  mkdir -p "$work/www" "$work/nginx"
  web_session alice >"$work/www/session.json"
  web_nginx >"$work/nginx/nginx.conf"
  PATH=$PATH:/usr/sbin nginx -p "$work/nginx" -c nginx.conf -e stderr 2>"$work/nginx/log" &
  simulator[0]=$!
  wait_until "the start of nginx" bash -c "exec 3<>/dev/tcp/127.0.0.1/$page_port"
  [ -z "${LABREC_WEB_READY:-}" ] || web_ready
  chapter "The page is at http://localhost:$page_port/"
  say "Type 'stop N' or 'start N' to take a realm down or up (1 to $realms), 'quit' to end."
  while read -r word number; do
    case $word in
      stop) web_down "$number" ;;
      start) web_up "$number" ;;
      quit) break ;;
      *) say "stop N, start N or quit" ;;
    esac
  done
}
