"""Tables of docs/performance.md from what the benchmarks printed; called by tools/bench/report."""
import math

from plots import bars, curves

RATIO_AIMS = {"swtpm": 0.85, "SoftHSM2": 0.7, "swtpm at a chip's pace": 0.95}
CHIP, HSM = "swtpm at a chip's pace", "SoftHSM2"
DAY = 86_400
# What a chip of a TPM is rated for, and for how long a realm's hardware is to last.
ENDURANCE, YEARS = 500_000, 5


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def rounded(value, digits=3):
    """Of three significant digits, without an exponent."""
    if value == 0:
        return "0"
    value = round(value, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:g}"


def devices(result, _):
    keys = ["evaluations_per_s", "evaluations_per_s_in_preferred_batches", "batching_gain", "derivations_per_s",
            "random_reads_of_32_bytes_per_s", "anchors_per_s", "recoveries_per_s_bound", "calm_recovery_ms"]
    return [table(["device alone", *result],
                  [[key.replace("_", " "), *[d.get(key, "") for d in result.values()]] for key in keys])]


def load(result, folder):
    names = list(result)
    keys = ["recoveries_per_s", "device_bound_per_s", "device_bound_ratio", "device_bound_ratios", "anchors_per_guess",
            "idle_latency_ratio", "daemon_cpu_us_per_recovery", "evaluate_ms", "unlock_ms", "idle_evaluate_ms"]

    def cell(value):
        if isinstance(value, dict):
            return f"{value['p50']} / {value['p99']}"
        if isinstance(value, list):
            return ", ".join(f"{v:.2f}" for v in value)
        return "" if value is None else value
    out = [table(["whole realm, 64 clients", *names],
                 [[key.replace("_", " ") + (" (p50 / p99)" if key.endswith("_ms") else ""),
                   *[cell(result[n].get(key)) for n in names]] for key in keys])]
    for key, title, aims in [
            ("device_bound_ratio", "Throughput over what the device alone allows (aim: at least)", RATIO_AIMS),
            ("anchors_per_guess", "Anchors per guess (aim: at most)", dict.fromkeys(names, 0.05)),
            ("idle_latency_ratio", "Idle Evaluate over the sum of its parts (aim: at most)", dict.fromkeys(names, 1.3))]:
        bars(folder / f"{key}.svg", title, [(n, result[n][key]) for n in names], [aims.get(n) for n in names])
        out.append(f"![{title}](performance/{key}.svg)")
    return out


def wear(result, folder):
    """What one chip serves a day, and how long it lasts if each day is like that."""
    points = [(DAY * r["recoveries_per_s"], ENDURANCE / 365 / (DAY * r["recoveries_per_s"] * r["anchors_per_guess"]))
              for r in result.values()]
    days = [10 ** (e / 4) for e in range(6, 1 + int(4 * math.log10(max(p[0] for p in points))))]
    calm = [(n, ENDURANCE / 365 / n) for n in days]
    shared = "measured: 1 to 64 callers"
    title = f"Capacity against wear: a chip rated for {ENDURANCE:,} durable writes"
    curves(folder / "capacity_wear.svg", title,
           [dict(names=["one anchor each", shared, f"{YEARS} years"], dots=[shared],
                 series=[calm, points, [(days[0], YEARS), (days[-1], YEARS)]],
                 x_label="recoveries a day", y_label="years until the rating", x_log=True, y_log=True)])
    rows = [[clients, rounded(r["recoveries_per_s"]), rounded(p[0]), r["anchors_per_guess"],
             rounded(r["evaluate_ms"]["p50"] + r["unlock_ms"]["p50"]), rounded(365 * p[1])]
            for (clients, r), p in zip(result.items(), points)]
    return [table(["at once, at a chip's pace", "recoveries per s", "a day", "anchors per guess",
                   "ms a recovery waits at the realm", f"days until {ENDURANCE:,} writes, day and night"], rows),
            f"![{title}](performance/capacity_wear.svg)"]


def person(result, _):
    steps = ["seal_ms", "recover_ms", "wrong_pin_ms", "delete_ms"]
    return [table(["one person on an idle realm, ms (p50 / p99)", *result],
                  [[step[:-3].replace("_", " "), *[f"{r[step]['p50']:.0f} / {r[step]['p99']:.0f}" for r in result.values()]]
                   for step in steps])]


def growth(result, folder, picture="evaluate_growth"):
    sides = [result["small"], result["large"]]
    keys = ["bucket_exponent", "fill_s", "ledger_mib", "disk_kib_per_record", "start_s", "memory_at_start_mib",
            "peak_memory_mib", "verify_all_s", "verify_rows_per_s"]
    rows = [[key.replace("_", " "), *[side.get(key, "") for side in sides]] for key in keys]
    rows.append(["evaluate ms (p50 / p99)", *[f"{s['evaluate_ms']['p50']} / {s['evaluate_ms']['p99']}" for s in sides]])
    bars(folder / f"{picture}.svg", "Idle Evaluate by records in the ledger, median ms",
         [(f"{s['records']:,}", s["evaluate_ms"]["p50"]) for s in sides], [None, None])
    return [table(["records", *[f"{side['records']:,}" for side in sides]], rows),
            f"Evaluate at {sides[1]['records']:,} records over {sides[0]['records']:,}: "
            f"**{result['evaluate_growth']}** (aim: at most 1.2).",
            f"![Idle Evaluate by records](performance/{picture}.svg)"]


def most(result, folder):
    return growth(result, folder, "evaluate_growth_most")


def endurance(result, folder):
    seconds, summary = result["by_second"], result["summary"]

    def points(key):
        return [(i / 60, value) for i, value in enumerate(seconds[key])]
    title = f"{result['minutes']:.0f} minutes of load, second by second ({result['device']}, {result['clients']} clients)"
    curves(folder / "endurance.svg", title,
           [dict(names=["Evaluate p99.9", "Evaluate p50"], series=[points("evaluate_p999_ms"), points("evaluate_p50_ms")],
                 dots=[], x_label="minutes", y_label="ms", x_log=False, y_log=False),
            dict(names=["recoveries"], series=[points("recoveries")], dots=[], x_label="minutes",
                 y_label="recoveries each second", x_log=False, y_log=False),
            dict(names=["daemon, resident"], series=[points("memory_mib")], dots=[], x_label="minutes", y_label="MiB",
                 x_log=False, y_log=False)])
    rows = [[key.replace("_", " "), value["first_fifth"], value["last_fifth"]]
            for key, value in summary.items() if isinstance(value, dict)]
    beyond = summary["seconds_beyond_5_times_the_usual_p999"]
    return [table([f"{result['minutes']:.0f} minutes, {result['recoveries']:,} recoveries", "first fifth", "last fifth"], rows),
            f"The worst second's p99.9 is {summary['worst_second_p999_ms']:.0f} ms; {beyond} of {len(seconds['recoveries'])} seconds "
            "have one beyond five times the usual.",
            f"![{title}](performance/endurance.svg)"]


def web(result, _):
    ways = [("gRPC with TLS, to the daemon", "grpc_daemon_us", None),
            ("Connect, to the daemon's socket", "connect_daemon_us", None),
            ("gRPC through nginx", "grpc_behind_nginx_daemon_us", "grpc_behind_nginx_nginx_us"),
            ("Connect through nginx, with TLS", "connect_behind_nginx_daemon_us", "connect_behind_nginx_nginx_us")]

    def cost(method, daemon, nginx):
        return f"{method[daemon]:.0f}" + (f" + {method[nginx]:.0f}" if nginx else "")
    both = [result["get_realm"], result["get_record"]]
    rows = [[name, *[cost(method, daemon, nginx) for method in both]] for name, daemon, nginx in ways]
    rows += [["Connect over gRPC, to the daemon", *[f"**{m['connect_over_grpc']:.2f}**" for m in both]],
             ["Connect over gRPC, through nginx", *[f"**{m['behind_nginx_connect_over_grpc']:.2f}**" for m in both]]]
    idle = result["idle"]
    return [table(["processor time a call, µs (daemon + nginx)", "GetRealm", "GetRecord, with a token"], rows),
            table([f"{idle['connections']:,} connections to the endpoint that do nothing", ""],
                  [["resident before / with them, MiB", f"{idle['before_mib']:.0f} / {idle['open_mib']:.0f}"],
                   ["KiB a connection", f"{idle['kib_per_connection']:.1f}"],
                   ["open files of the daemon", f"{idle['open_files_of_daemon']:,}"],
                   ["a call beside them, alone, ms", f"{idle['live_call_beside_ms']:.2f}, {idle['live_call_alone_ms']:.2f}"]])]


def opaque(result, _):
    return [table(["software-only OPAQUE on this machine", result["package"]],
                  [["a server's two answers of a login, ms of processor time", result["server_ms_per_login"]],
                   ["logins per s, one thread", rounded(result["logins_per_s_of_one_thread"])],
                   ["a client's login with Argon2id of 64 MiB and three passes, ms", rounded(result["client_ms_per_login"])],
                   ["beside Argon2id, ms", rounded(result["client_ms_beside_argon2id"])]])]
