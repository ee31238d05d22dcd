//! What a user agent says of browser, system and device. A short list of rules of our own, for what visits identity
//! providers; names and parts as Kusto gives them.
//!
//! Deliberately absent: the thousands of rare agents that public lists know; they are `Other`.

use std::sync::LazyLock;

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, ParamKind, Returns, Signature};
use kql::types::Type;
use regex::{Captures, Regex};

use super::kinds::TEXT;
use super::{Function, p};
use crate::dynamic;
use crate::kernel::Args;

/// The longest user agent that is looked at, in bytes; the rest says nothing more.
const AGENT_BYTES_MAX: usize = 2048;

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[Function::kernel(
    Signature::new(
        "parse_user_agent",
        &[Overload::of(
            &[p("user_agent", TEXT), p("look_for", ParamKind::StringOrDynamic)],
            Returns::Type(Type::Dynamic),
        )
        .optional(1)],
        "Browser, system and device of a user agent, or those that are looked for: `browser`, `os`, `device`, or an array of them.",
    ),
    parse_user_agent,
    (
        "parse_user_agent('Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0', 'browser').Browser.Family",
        "Firefox",
    ),
)];

/// A pattern, and what it says; `$1` and the like are its groups.
struct Rule {
    pattern: Regex,
    values: &'static [&'static str],
}

fn rules(table: &'static [(&'static str, &'static [&'static str])]) -> Vec<Rule> {
    let rule = |(pattern, values): &(&'static str, &'static [&'static str])| {
        Some(Rule { pattern: Regex::new(pattern).ok()?, values })
    };
    table.iter().filter_map(rule).collect()
}

/// Family, major, minor, patch. The first rule that fits counts: names that others imitate come last.
const BROWSERS: &[(&str, &[&str])] = &[
    (r"AdobeAIR/(\d+)\.(\d+)\.?(\d+)?", &["AdobeAIR", "$1", "$2", "$3"]),
    (r"(?:SymbianOS|Series60)/?.*Series60/(\d+)\.(\d+)", &["Nokia OSS Browser", "$1", "$2", ""]),
    (
        r"(?i)(bingbot|bingpreview|googlebot|yandexbot|baiduspider|ahrefsbot|applebot|semrushbot|petalbot)[/ ](\d+)(?:\.(\d+))?(?:\.(\d+))?",
        &["$1", "$2", "$3", "$4"],
    ),
    (r"HeadlessChrome(?:/(\d+)\.(\d+)\.(\d+))?", &["HeadlessChrome", "$1", "$2", "$3"]),
    (r"PowerShell/(\d+)\.(\d+)(?:\.(\d+))?", &["PowerShell", "$1", "$2", "$3"]),
    (r"Teams/(\d+)\.(\d+)\.(\d+)", &["Teams", "$1", "$2", "$3"]),
    (r"Electron/(\d+)\.(\d+)\.(\d+)", &["Electron", "$1", "$2", "$3"]),
    (r"FBAV/(\d+)(?:\.(\d+))?(?:\.(\d+))?", &["Facebook", "$1", "$2", "$3"]),
    (r"SamsungBrowser/(\d+)\.(\d+)", &["Samsung Internet", "$1", "$2", ""]),
    (r"YaBrowser/(\d+)\.(\d+)(?:\.(\d+))?", &["Yandex Browser", "$1", "$2", "$3"]),
    (r"Vivaldi/(\d+)\.(\d+)(?:\.(\d+))?", &["Vivaldi", "$1", "$2", "$3"]),
    (r"(?:EdgiOS|EdgA)/(\d+)\.(\d+)(?:\.(\d+))?", &["Edge Mobile", "$1", "$2", "$3"]),
    (r"Edge?/(\d+)\.(\d+)(?:\.(\d+))?", &["Edge", "$1", "$2", "$3"]),
    (r"OPiOS/(\d+)\.(\d+)(?:\.(\d+))?", &["Opera Mini", "$1", "$2", "$3"]),
    (r"Mobile.*OPR/(\d+)\.(\d+)(?:\.(\d+))?", &["Opera Mobile", "$1", "$2", "$3"]),
    (r"OPR/(\d+)\.(\d+)(?:\.(\d+))?", &["Opera", "$1", "$2", "$3"]),
    (r"Opera[ /].*Version/(\d+)\.(\d+)", &["Opera", "$1", "$2", ""]),
    (r"Opera[ /](\d+)\.(\d+)", &["Opera", "$1", "$2", ""]),
    (r"FxiOS/(\d+)\.(\d+)(?:\.(\d+))?", &["Firefox iOS", "$1", "$2", "$3"]),
    (r"(?:Mobile|Tablet).*Firefox/(\d+)\.(\d+)(?:\.(\d+))?", &["Firefox Mobile", "$1", "$2", "$3"]),
    (r"SeaMonkey/(\d+)\.(\d+)(?:\.(\d+))?", &["SeaMonkey", "$1", "$2", "$3"]),
    (r"Thunderbird/(\d+)\.(\d+)(?:\.(\d+))?", &["Thunderbird", "$1", "$2", "$3"]),
    (r"Firefox/(\d+)\.(\d+)(?:\.(\d+))?", &["Firefox", "$1", "$2", "$3"]),
    (r"CriOS/(\d+)\.(\d+)(?:\.(\d+))?", &["Chrome Mobile iOS", "$1", "$2", "$3"]),
    (r"; wv\).*Chrome/(\d+)\.(\d+)(?:\.(\d+))?", &["Chrome Mobile WebView", "$1", "$2", "$3"]),
    (r"Chrome/(\d+)\.(\d+)(?:\.(\d+))?(?:\.\d+)? Mobile", &["Chrome Mobile", "$1", "$2", "$3"]),
    (r"Chromium/(\d+)\.(\d+)(?:\.(\d+))?", &["Chromium", "$1", "$2", "$3"]),
    (r"Chrome/(\d+)\.(\d+)(?:\.(\d+))?", &["Chrome", "$1", "$2", "$3"]),
    (r"MSIE (\d+)\.(\d+)", &["IE", "$1", "$2", ""]),
    (r"Trident/7\.0.*rv:(\d+)\.(\d+)", &["IE", "$1", "$2", ""]),
    (r"Android.*Version/(\d+)\.(\d+)(?:\.(\d+))?.*Safari", &["Android", "$1", "$2", "$3"]),
    (
        r"(?:iPhone|iPad|iPod).*Version/(\d+)\.(\d+)(?:\.(\d+))?.*Safari",
        &["Mobile Safari", "$1", "$2", "$3"],
    ),
    (r"(?:iPhone|iPad|iPod).*AppleWebKit", &["Mobile Safari UI/WKWebView", "", "", ""]),
    (r"Version/(\d+)\.(\d+)(?:\.(\d+))?.*Safari/", &["Safari", "$1", "$2", "$3"]),
    (r"AppleWebKit/(\d+)\.(\d+)(?:\.(\d+))?", &["Apple Mail", "$1", "$2", "$3"]),
    (r"(?i)^curl/(\d+)\.(\d+)(?:\.(\d+))?", &["curl", "$1", "$2", "$3"]),
    (r"(?i)wget/(\d+)\.(\d+)(?:\.(\d+))?", &["Wget", "$1", "$2", "$3"]),
    (r"python-requests/(\d+)\.(\d+)(?:\.(\d+))?", &["Python Requests", "$1", "$2", "$3"]),
    (r"Python-urllib/(\d+)\.(\d+)", &["Python-urllib", "$1", "$2", ""]),
    (r"Go-http-client/(\d+)\.(\d+)", &["Go-http-client", "$1", "$2", ""]),
    (r"okhttp/(\d+)\.(\d+)(?:\.(\d+))?", &["okhttp", "$1", "$2", "$3"]),
    (r"Apache-HttpClient/(\d+)\.(\d+)(?:\.(\d+))?", &["Apache-HttpClient", "$1", "$2", "$3"]),
    (r"axios/(\d+)\.(\d+)(?:\.(\d+))?", &["axios", "$1", "$2", "$3"]),
    (r"PostmanRuntime/(\d+)\.(\d+)(?:\.(\d+))?", &["PostmanRuntime", "$1", "$2", "$3"]),
    (r"CFNetwork/(\d+)(?:\.(\d+))?(?:\.(\d+))?", &["CFNetwork", "$1", "$2", "$3"]),
];

/// Family, major, minor, patch, patch of the patch.
const SYSTEMS: &[(&str, &[&str])] = &[
    (r"SymbianOS/(\d+)\.(\d+)", &["Symbian OS", "$1", "$2", "", ""]),
    (r"Windows Phone(?: OS)? (\d+)\.(\d+)", &["Windows Phone", "$1", "$2", "", ""]),
    (r"Xbox", &["Xbox", "", "", "", ""]),
    (r"Windows NT 10\.0", &["Windows", "10", "", "", ""]),
    (r"Windows NT 6\.3", &["Windows", "8", "1", "", ""]),
    (r"Windows NT 6\.2", &["Windows", "8", "", "", ""]),
    (r"Windows NT 6\.1", &["Windows", "7", "", "", ""]),
    (r"Windows NT 6\.0", &["Windows", "Vista", "", "", ""]),
    (r"Windows NT 5\.[12]", &["Windows", "XP", "", "", ""]),
    (r"Windows NT 5\.0", &["Windows", "2000", "", "", ""]),
    (r"Windows NT (\d+)\.(\d+)", &["Windows", "$1", "$2", "", ""]),
    (r"Windows", &["Windows", "", "", "", ""]),
    (r"Android[ /-]?(\d+)(?:\.(\d+))?(?:\.(\d+))?", &["Android", "$1", "$2", "$3", ""]),
    (r"Android", &["Android", "", "", "", ""]),
    (r"(?:iPhone|iPad|iPod).* OS (\d+)[_.](\d+)(?:[_.](\d+))?", &["iOS", "$1", "$2", "$3", ""]),
    (r"iPhone|iPad|iPod", &["iOS", "", "", "", ""]),
    (r"Mac OS X (\d+)[_.](\d+)(?:[_.](\d+))?", &["Mac OS X", "$1", "$2", "$3", ""]),
    (r"Macintosh|Mac OS X|Darwin", &["Mac OS X", "", "", "", ""]),
    (r"CrOS \S+ (\d+)\.(\d+)(?:\.(\d+))?", &["Chrome OS", "$1", "$2", "$3", ""]),
    (r"Ubuntu(?:[ /](\d+)\.(\d+))?", &["Ubuntu", "$1", "$2", "", ""]),
    (r"Fedora", &["Fedora", "", "", "", ""]),
    (r"Debian", &["Debian", "", "", "", ""]),
    (r"FreeBSD", &["FreeBSD", "", "", "", ""]),
    (r"OpenBSD", &["OpenBSD", "", "", "", ""]),
    (r"Linux", &["Linux", "", "", "", ""]),
];

/// Family, brand, model.
const DEVICES: &[(&str, &[&str])] = &[
    (r"(?i)bot\b|spider|crawler|bingpreview", &["Spider", "Spider", "Desktop"]),
    (r"Nokia(N\d+)(-\d+)?", &["Nokia $1", "Nokia", "$1$2"]),
    (r"Nokia ?([A-Za-z0-9.]+)", &["Nokia $1", "Nokia", "$1"]),
    (r"iPhone", &["iPhone", "Apple", "iPhone"]),
    (r"iPad", &["iPad", "Apple", "iPad"]),
    (r"iPod", &["iPod", "Apple", "iPod"]),
    (r"Macintosh", &["Mac", "Apple", "Mac"]),
    (r"; ?(SM-[A-Z0-9]+)", &["Samsung $1", "Samsung", "$1"]),
    (r"; ?(Pixel[^;)]*?)(?: Build|[;)])", &["$1", "Google", "$1"]),
    (r"; ?(Nexus [^;)]*?)(?: Build|[;)])", &["$1", "Google", "$1"]),
    (
        r"Android[^;]*; (?:[a-z]{2}[-_][a-zA-Z]{2}; )?([^;)]+?)(?: Build|[;)])",
        &["$1", "Generic_Android", "$1"],
    ),
    (r"Android", &["Generic Smartphone", "Generic", "Smartphone"]),
];

static BROWSER_RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| rules(BROWSERS));
static SYSTEM_RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| rules(SYSTEMS));
static DEVICE_RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| rules(DEVICES));

/// A template with the groups of a match in the place of `$1` and the like.
fn filled(template: &str, found: &Captures<'_>) -> String {
    let mut out = String::new();
    found.expand(&template.replace("$1$2", "${1}${2}"), &mut out);
    out.trim().to_owned()
}

/// One part of the answer: its name, and the names of what it holds.
struct Part {
    name: &'static str,
    fields: &'static [&'static str],
    rules: &'static LazyLock<Vec<Rule>>,
}

const PARTS: [(&str, Part); 3] = [
    (
        "browser",
        Part {
            name: "Browser",
            fields: &["Family", "MajorVersion", "MinorVersion", "Patch"],
            rules: &BROWSER_RULES,
        },
    ),
    (
        "os",
        Part {
            name: "OperatingSystem",
            fields: &["Family", "MajorVersion", "MinorVersion", "Patch", "PatchMinor"],
            rules: &SYSTEM_RULES,
        },
    ),
    (
        "device",
        Part { name: "Device", fields: &["Family", "Brand", "Model"], rules: &DEVICE_RULES },
    ),
];

impl Part {
    fn write(&self, agent: &str, out: &mut String) {
        let found = self.rules.iter().find_map(|rule| {
            let found = rule.pattern.captures(agent)?;
            Some(rule.values.iter().map(|value| filled(value, &found)).collect::<Vec<_>>())
        });
        dynamic::write_string(self.name, out);
        out.push_str(":{");
        for (at, field) in self.fields.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            dynamic::write_string(field, out);
            out.push(':');
            let unknown = if at == 0 { "Other" } else { "" };
            let value = found.as_ref().and_then(|values| values.get(at));
            dynamic::write_string(value.map_or(unknown, String::as_str), out);
        }
        out.push('}');
    }
}

fn parse_user_agent(args: &Args<'_>) -> Result<ArrayRef> {
    let agent = args.text(0)?;
    let sought = if args.len() > 1 { Some(args.text(1)?) } else { None };
    args.texts(|row, out| {
        let agent = agent.get(row);
        if agent.is_empty() {
            return false;
        }
        let end = agent.floor_char_boundary(AGENT_BYTES_MAX);
        let wanted: Vec<String> = match sought {
            None => PARTS.iter().map(|(key, _)| (*key).to_owned()).collect(),
            Some(sought) => {
                let sought = sought.get(row);
                let keys = dynamic::elements(sought).map(|elements| {
                    elements.iter().map(|element| dynamic::to_text(element).into_owned()).collect()
                });
                keys.unwrap_or_else(|| vec![sought.trim_matches('"').to_owned()])
            }
        };
        out.push('{');
        for (key, part) in &PARTS {
            if wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(key)) {
                if out.len() > 1 {
                    out.push(',');
                }
                part.write(&agent[..end], out);
            }
        }
        out.push('}');
        true
    })
}
