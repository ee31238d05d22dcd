//! Cities where people of the simulation live and attackers sit: coordinates, time zone, and an address range that a
//! provider of that country announces, so that looking an address up finds the country. The ranges are large public
//! allocations; the address within one is thrown and belongs to nobody in particular.
//! Deliberately absent: daylight saving. A day's work shifts by an hour for nobody's harm.

/// A city.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its name.
    pub(crate) city: &'static str,
    /// ISO 3166 alpha-2, alpha-3 and the country's name.
    pub(crate) country: [&'static str; 3],
    /// Two letters.
    pub(crate) continent: &'static str,
    /// Latitude and longitude, in ten-thousandths of a degree.
    pub(crate) position: (i32, i32),
    /// IANA name.
    pub(crate) time_zone: &'static str,
    /// Hours east of Greenwich, in winter.
    pub(crate) offset_hours: i8,
    /// First address of the range, and the length of its prefix in bits.
    pub(crate) network: (u32, u8),
}

const fn v4(a: u8, b: u8, c: u8, d: u8) -> u32 {
    u32::from_be_bytes([a, b, c, d])
}

/// The cities where people live; the first ones are the largest offices.
pub(crate) const HOMES: &[Place] = &[
    Place {
        city: "Berlin",
        country: ["DE", "DEU", "Germany"],
        continent: "EU",
        position: (525_200, 134_050),
        time_zone: "Europe/Berlin",
        offset_hours: 1,
        network: (v4(91, 0, 0, 0), 10),
    },
    Place {
        city: "London",
        country: ["GB", "GBR", "United Kingdom"],
        continent: "EU",
        position: (515_074, -1_278),
        time_zone: "Europe/London",
        offset_hours: 0,
        network: (v4(86, 128, 0, 0), 11),
    },
    Place {
        city: "Denver",
        country: ["US", "USA", "United States"],
        continent: "NA",
        position: (397_392, -1_049_903),
        time_zone: "America/Denver",
        offset_hours: -7,
        network: (v4(73, 0, 0, 0), 8),
    },
    Place {
        city: "Boston",
        country: ["US", "USA", "United States"],
        continent: "NA",
        position: (423_601, -710_589),
        time_zone: "America/New_York",
        offset_hours: -5,
        network: (v4(71, 192, 0, 0), 12),
    },
    Place {
        city: "Lyon",
        country: ["FR", "FRA", "France"],
        continent: "EU",
        position: (457_640, 48_357),
        time_zone: "Europe/Paris",
        offset_hours: 1,
        network: (v4(90, 0, 0, 0), 9),
    },
    Place {
        city: "Toronto",
        country: ["CA", "CAN", "Canada"],
        continent: "NA",
        position: (436_532, -793_832),
        time_zone: "America/Toronto",
        offset_hours: -5,
        network: (v4(70, 24, 0, 0), 13),
    },
    Place {
        city: "Utrecht",
        country: ["NL", "NLD", "Netherlands"],
        continent: "EU",
        position: (520_907, 51_214),
        time_zone: "Europe/Amsterdam",
        offset_hours: 1,
        network: (v4(77, 160, 0, 0), 12),
    },
    Place {
        city: "Valencia",
        country: ["ES", "ESP", "Spain"],
        continent: "EU",
        position: (394_699, -3_763),
        time_zone: "Europe/Madrid",
        offset_hours: 1,
        network: (v4(83, 32, 0, 0), 11),
    },
    Place {
        city: "Pune",
        country: ["IN", "IND", "India"],
        continent: "AS",
        position: (185_204, 738_567),
        time_zone: "Asia/Kolkata",
        offset_hours: 5,
        network: (v4(117, 192, 0, 0), 10),
    },
    Place {
        city: "Osaka",
        country: ["JP", "JPN", "Japan"],
        continent: "AS",
        position: (346_937, 1_355_023),
        time_zone: "Asia/Tokyo",
        offset_hours: 9,
        network: (v4(126, 0, 0, 0), 8),
    },
    Place {
        city: "Melbourne",
        country: ["AU", "AUS", "Australia"],
        continent: "OC",
        position: (-378_136, 1_449_631),
        time_zone: "Australia/Melbourne",
        offset_hours: 10,
        network: (v4(1, 128, 0, 0), 11),
    },
    Place {
        city: "Recife",
        country: ["BR", "BRA", "Brazil"],
        continent: "SA",
        position: (-80_476, -348_770),
        time_zone: "America/Recife",
        offset_hours: -3,
        network: (v4(189, 0, 0, 0), 11),
    },
];

/// The cities that attackers' addresses point to. Nobody of the simulation lives there.
pub(crate) const ELSEWHERE: &[Place] = &[
    Place {
        city: "Lagos",
        country: ["NG", "NGA", "Nigeria"],
        continent: "AF",
        position: (65_244, 33_792),
        time_zone: "Africa/Lagos",
        offset_hours: 1,
        network: (v4(102, 88, 0, 0), 13),
    },
    Place {
        city: "Hanoi",
        country: ["VN", "VNM", "Vietnam"],
        continent: "AS",
        position: (210_278, 1_058_342),
        time_zone: "Asia/Ho_Chi_Minh",
        offset_hours: 7,
        network: (v4(14, 160, 0, 0), 11),
    },
    Place {
        city: "Samara",
        country: ["RU", "RUS", "Russia"],
        continent: "EU",
        position: (531_959, 501_002),
        time_zone: "Europe/Samara",
        offset_hours: 4,
        network: (v4(95, 24, 0, 0), 13),
    },
    Place {
        city: "Cluj-Napoca",
        country: ["RO", "ROU", "Romania"],
        continent: "EU",
        position: (467_712, 236_236),
        time_zone: "Europe/Bucharest",
        offset_hours: 2,
        network: (v4(86, 120, 0, 0), 13),
    },
    Place {
        city: "Hangzhou",
        country: ["CN", "CHN", "China"],
        continent: "AS",
        position: (302_741, 1_201_551),
        time_zone: "Asia/Shanghai",
        offset_hours: 8,
        network: (v4(115, 192, 0, 0), 11),
    },
    Place {
        city: "Bandung",
        country: ["ID", "IDN", "Indonesia"],
        continent: "AS",
        position: (-69_175, 1_076_191),
        time_zone: "Asia/Jakarta",
        offset_hours: 7,
        network: (v4(36, 64, 0, 0), 11),
    },
];

/// A city by number: homes first, then elsewhere.
pub(crate) fn place(number: u8) -> &'static Place {
    let number = usize::from(number);
    HOMES.get(number).or_else(|| ELSEWHERE.get(number - HOMES.len())).unwrap_or(&HOMES[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_run_through_homes_and_elsewhere() {
        assert_eq!(place(0).city, "Berlin");
        assert_eq!(place(HOMES.len() as u8).city, "Lagos");
        assert_eq!(place(255).city, "Berlin");
    }

    #[test]
    fn every_network_starts_at_its_own_first_address() {
        for place in HOMES.iter().chain(ELSEWHERE) {
            let (first, bits) = place.network;
            assert_eq!(first & (u32::MAX >> bits), 0, "{}", place.city);
        }
    }
}
