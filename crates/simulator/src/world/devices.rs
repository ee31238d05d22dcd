//! What people sign in with: the user agent as the browser sends it and as Auth0 stores it after parsing.
//! Deliberately absent: any parser; both forms stand side by side here.

/// A browser or program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Device {
    /// As sent.
    pub(crate) raw: &'static str,
    /// `Browser a.b.c / System d.e.f`.
    pub(crate) parsed: &'static str,
    /// Whether it is carried in a pocket.
    pub(crate) mobile: bool,
}

/// What people have.
pub(crate) const PEOPLES: &[Device] = &[
    Device {
        raw: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
        parsed: "Chrome 141.0.0 / Windows 10.0.0",
        mobile: false,
    },
    Device {
        raw: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
        parsed: "Edge 141.0.0 / Windows 10.0.0",
        mobile: false,
    },
    Device {
        raw: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
        parsed: "Safari 18.6.0 / Mac OS X 10.15.7",
        mobile: false,
    },
    Device {
        raw: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
        parsed: "Chrome 140.0.0 / Mac OS X 10.15.7",
        mobile: false,
    },
    Device {
        raw: "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
        parsed: "Firefox 143.0.0 / Linux 0.0.0",
        mobile: false,
    },
    Device {
        raw: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
        parsed: "Mobile Safari 18.6.0 / iOS 18.6.0",
        mobile: true,
    },
    Device {
        raw: "Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
        parsed: "Chrome Mobile 141.0.0 / Android 15.0.0",
        mobile: true,
    },
];

/// What programs and attackers use.
pub(crate) const PROGRAMS: &[Device] = &[
    Device {
        raw: "python-requests/2.32.3",
        parsed: "Python Requests 2.32.0 / Other 0.0.0",
        mobile: false,
    },
    Device { raw: "Go-http-client/2.0", parsed: "Other 0.0.0 / Other 0.0.0", mobile: false },
    Device { raw: "curl/8.11.1", parsed: "Other 0.0.0 / Other 0.0.0", mobile: false },
    Device {
        raw: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36",
        parsed: "HeadlessChrome 126.0.0 / Linux 0.0.0",
        mobile: false,
    },
];

/// A device by number: people's first, then programs.
pub(crate) fn device(number: u8) -> &'static Device {
    let number = usize::from(number);
    PEOPLES.get(number).or_else(|| PROGRAMS.get(number - PEOPLES.len())).unwrap_or(&PEOPLES[0])
}

/// The number of a program's device.
pub(crate) const fn program(index: u8) -> u8 {
    PEOPLES.len() as u8 + index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_come_after_peoples_devices() {
        assert_eq!(device(program(0)).raw, "python-requests/2.32.3");
        assert_eq!(device(255), &PEOPLES[0]);
    }
}
