"""The three lines that docs/performance.md begins with; called by tools/bench/report."""
import math

from figures import CHIP, DAY, ENDURANCE, HSM, YEARS, rounded, table

# Anchors where nobody else calls, by docs/performance.md, "Anchors in calm".
ANCHORS = {"enrol": 1, "seal": 2, "recover": 1, "change_pin": 3}
# What is assumed of a million people and of prices, without tax; tools/bench/report takes others.
ASSUMED = {"users": 1_000_000, "recoveries_a_year": 1.0, "changes_a_year": 0.2, "euro_host": 500, "euro_chip": 20,
           "euro_hsm": 700}


def rates(load):
    def rate(name):
        per_s = load[name]["recoveries_per_s"]
        return f"{rounded(per_s)} a second, {rounded(DAY * per_s / 1e6)} million a day"
    return (f"- **Recoveries:** a discrete TPM serves {rate(CHIP)}; a TPM as fast as a software TPM {rate('swtpm')}; "
            f"an HSM as fast as SoftHSM2 {rate(HSM)}.")


def waiting(person):
    return (f"- **One person** waits {person[CHIP]['recover_ms']['p50']:.0f} ms for a whole recovery with a discrete TPM, "
            f"{person[HSM]['recover_ms']['p50']:.0f} ms with such an HSM: Argon2id, TLS and all, but for the network's distance.")


def anchors_of_a_user(assumed):
    return (ANCHORS["enrol"] + ANCHORS["seal"] + YEARS * (assumed["recoveries_a_year"] * ANCHORS["recover"] +
                                                          assumed["changes_a_year"] * ANCHORS["change_pin"]))


def euros(load, assumed):
    """The line, and its arithmetic as a table."""
    users, a_day = assumed["users"], assumed["users"] * assumed["recoveries_a_year"] / 365
    anchors = anchors_of_a_user(assumed)
    chips = math.ceil(users * anchors / ENDURANCE)
    by_chips = chips * (assumed["euro_host"] + assumed["euro_chip"])
    by_hsm = assumed["euro_host"] + assumed["euro_hsm"]
    line = (f"- **Hardware for a million people:** € {by_chips / YEARS:,.0f} a year with TPMs, € {by_hsm / YEARS:,.0f} with an HSM that "
            f"no write wears out, for each of the N realms that a record is shared among. Wear decides, not speed.")
    peak = 10 * a_day / DAY
    rows = [["people; recoveries and changes of PIN of each in a year", f"{users:,}; {assumed['recoveries_a_year']:g} and "
             f"{assumed['changes_a_year']:g}"],
            ["recoveries a day; a second, at a peak of ten times the mean", f"{a_day:,.0f}; {peak:.2f}"],
            ["share of one discrete TPM's speed at that peak", f"{100 * peak / load[CHIP]['recoveries_per_s']:.1f} %"],
            [f"anchors of one person in {YEARS} years, each alone: enrol {ANCHORS['enrol']}, seal {ANCHORS['seal']}, "
             f"recover {ANCHORS['recover']}, change the PIN {ANCHORS['change_pin']}", f"{anchors:g}"],
            [f"anchors a day that {ENDURANCE:,} writes allow for {YEARS} years", f"{ENDURANCE / 365 / YEARS:.0f}"],
            [f"TPMs, each in a realm and host of its own: people · anchors / {ENDURANCE:,}", f"{chips}"],
            [f"€ for them, at {assumed['euro_host']} a host and {assumed['euro_chip']} a TPM", f"{by_chips:,}"],
            [f"€ for one host and one HSM at {assumed['euro_hsm']}", f"{by_hsm:,}"]]
    return line, table(["the arithmetic", ""], rows)


def lead(results, assumed):
    """What is known of it."""
    if "load" not in results:
        return ""
    line, arithmetic = euros(results["load"], assumed)
    person = [waiting(results["person"])] if "person" in results else []
    return "\n".join([rates(results["load"]), *person, line]) + "\n\n" + arithmetic
