//! Units of measure. Deliberately absent: units that are combined out of others.

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;

use super::kinds::{REAL, TEXT};
use super::{Function, p};
use crate::kernel::Args;

/// Names of units, each with its size in the unit that its table is based on.
type Units = &'static [(&'static str, f64)];

macro_rules! converter {
    ($name:literal, $convert:expr, $doc:literal, $call:literal, $answer:literal) => {{
        fn kernel(args: &Args<'_>) -> Result<ArrayRef> {
            let convert: fn(f64, &str, &str) -> Option<f64> = $convert;
            let (value, from, to) = (args.real(0)?, args.text(1)?, args.text(2)?);
            args.reals(|row| convert(value.get(row)?, from.get(row), to.get(row)))
        }
        Function::kernel(
            Signature::new(
                $name,
                &[Overload::of(
                    &[p("value", REAL), p("from", TEXT), p("to", TEXT)],
                    Returns::Type(Type::Real),
                )],
                $doc,
            ),
            kernel,
            ($call, $answer),
        )
    }};
}

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    converter!(
        "convert_angle",
        angle,
        "An angle in another unit; null for a unit that is not known.",
        "convert_angle(1.2, 'Degree', 'Arcminute')",
        "72"
    ),
    converter!(
        "convert_energy",
        |value, from, to| scaled(ENERGY, value, from, to),
        "An energy in another unit; null for a unit that is not known.",
        "convert_energy(1.2, 'Kilojoule', 'Joule')",
        "1200"
    ),
    converter!(
        "convert_force",
        |value, from, to| scaled(FORCE, value, from, to),
        "A force in another unit; null for a unit that is not known.",
        "convert_force(1.2, 'Newton', 'Decanewton')",
        "0.12"
    ),
    converter!(
        "convert_length",
        |value, from, to| scaled(LENGTH, value, from, to),
        "A length in another unit; null for a unit that is not known.",
        "convert_length(1.2, 'Meter', 'Centimeter')",
        "120"
    ),
    converter!(
        "convert_mass",
        |value, from, to| scaled(MASS, value, from, to),
        "A mass in another unit; null for a unit that is not known.",
        "convert_mass(1.2, 'Tonne', 'Kilogram')",
        "1200"
    ),
    converter!(
        "convert_speed",
        |value, from, to| scaled(SPEED, value, from, to),
        "A speed in another unit; null for a unit that is not known.",
        "round(convert_speed(1.2, 'MeterPerSecond', 'CentimeterPerHour'), 3)",
        "432000"
    ),
    converter!(
        "convert_volume",
        |value, from, to| scaled(VOLUME, value, from, to),
        "A volume in another unit; null for a unit that is not known.",
        "convert_volume(1.2, 'CubicMeter', 'Liter')",
        "1200"
    ),
    converter!(
        "convert_temperature",
        temperature,
        "A temperature in another unit; null for a unit that is not known.",
        "round(convert_temperature(20, 'DegreeCelsius', 'DegreeFahrenheit'), 3)",
        "68"
    ),
];

fn size(units: Units, name: &str) -> Option<f64> {
    units.iter().find(|(unit, _)| *unit == name).map(|(_, size)| *size)
}

fn scaled(units: Units, value: f64, from: &str, to: &str) -> Option<f64> {
    let (from, to) = (size(units, from)?, size(units, to)?);
    Some(value * from / to)
}

/// Angles, and slopes: a tilt is the sine of its angle.
fn angle(value: f64, from: &str, to: &str) -> Option<f64> {
    let degrees = match from {
        "Tilt" => value.asin().to_degrees(),
        _ => value * size(ANGLE, from)?,
    };
    match to {
        "Tilt" => Some(degrees.to_radians().sin()),
        _ => Some(degrees / size(ANGLE, to)?),
    }
}

/// Scales of temperature: the size of a degree in kelvins, and the kelvins of their zero.
const TEMPERATURES: &[(&str, f64, f64)] = &[
    ("DegreeCelsius", 1.0, 273.15),
    ("DegreeDelisle", -2.0 / 3.0, 373.15),
    ("DegreeFahrenheit", 5.0 / 9.0, 459.67 * 5.0 / 9.0),
    ("DegreeNewton", 100.0 / 33.0, 273.15),
    ("DegreeRankine", 5.0 / 9.0, 0.0),
    ("DegreeReaumur", 1.25, 273.15),
    ("DegreeRoemer", 40.0 / 21.0, 273.15 - 7.5 * 40.0 / 21.0),
    ("Kelvin", 1.0, 0.0),
    ("MillidegreeCelsius", 1e-3, 273.15),
    ("SolarTemperature", 5778.0, 0.0),
];

fn temperature(value: f64, from: &str, to: &str) -> Option<f64> {
    let scale = |name: &str| TEMPERATURES.iter().find(|(unit, ..)| *unit == name);
    let ((_, from_size, from_zero), (_, to_size, to_zero)) = (scale(from)?, scale(to)?);
    Some((value * from_size + (from_zero - to_zero)) / to_size)
}

const RADIAN: f64 = 180.0 / std::f64::consts::PI;
const BTU: f64 = 1_055.055_852_62;
const ELECTRON_VOLT: f64 = 1.602_176_565e-19;
const KILOPOND: f64 = 9.806_650_028_64;
const POUND_FORCE: f64 = 4.448_221_615_260_51;
const FOOT: f64 = 0.3048;
const SURVEY_FOOT: f64 = 1200.0 / 3937.0;
const INCH: f64 = 0.0254;
const YARD: f64 = 0.9144;
const LIGHT_YEAR: f64 = 9.460_730_472_58e15;
const PARSEC: f64 = 3.085_677_581_28e16;
const POUND: f64 = 0.453_592_37;
const CUBIC_FOOT: f64 = 0.028_316_846_592;
const US_GALLON: f64 = 0.003_785_411_784;
const IMPERIAL_GALLON: f64 = 0.004_546_09;

/// Units in degrees.
#[rustfmt::skip]
const ANGLE: Units = &[
    ("Arcminute", 1.0 / 60.0),
    ("Arcsecond", 1.0 / 3600.0),
    ("Centiradian", RADIAN / 1e2),
    ("Deciradian", RADIAN / 1e1),
    ("Degree", 1.0),
    ("Gradian", 0.9),
    ("Microdegree", 1e-6),
    ("Microradian", RADIAN / 1e6),
    ("Millidegree", 1e-3),
    ("Milliradian", RADIAN / 1e3),
    ("Nanodegree", 1e-9),
    ("Nanoradian", RADIAN / 1e9),
    ("NatoMil", 9.0 / 160.0),
    ("Radian", RADIAN),
    ("Revolution", 360.0),
];

/// Units in joules.
#[rustfmt::skip]
const ENERGY: Units = &[
    ("BritishThermalUnit", BTU),
    ("Calorie", 4.184),
    ("DecathermEc", 1.055_055_852_62e9),
    ("DecathermImperial", 1.055_055_852_573_48e9),
    ("DecathermUs", 1.054_804e9),
    ("ElectronVolt", ELECTRON_VOLT),
    ("Erg", 1e-7),
    ("FootPound", 1.355_817_948),
    ("GigabritishThermalUnit", BTU * 1e9),
    ("GigaelectronVolt", ELECTRON_VOLT * 1e9),
    ("Gigajoule", 1e9),
    ("GigawattDay", 86_400.0 * 1e9),
    ("GigawattHour", 3600.0 * 1e9),
    ("HorsepowerHour", 2.684_519_537_7e6),
    ("Joule", 1.0),
    ("KilobritishThermalUnit", BTU * 1e3),
    ("Kilocalorie", 4.184e3),
    ("KiloelectronVolt", ELECTRON_VOLT * 1e3),
    ("Kilojoule", 1e3),
    ("KilowattDay", 86_400.0 * 1e3),
    ("KilowattHour", 3600.0 * 1e3),
    ("MegabritishThermalUnit", BTU * 1e6),
    ("Megacalorie", 4.184e6),
    ("MegaelectronVolt", ELECTRON_VOLT * 1e6),
    ("Megajoule", 1e6),
    ("MegawattDay", 86_400.0 * 1e6),
    ("MegawattHour", 3600.0 * 1e6),
    ("Millijoule", 1e-3),
    ("TeraelectronVolt", ELECTRON_VOLT * 1e12),
    ("TerawattDay", 86_400.0 * 1e12),
    ("TerawattHour", 3600.0 * 1e12),
    ("ThermEc", 1.055_055_852_62e8),
    ("ThermImperial", 1.055_055_852_573_48e8),
    ("ThermUs", 1.054_804e8),
    ("WattDay", 86_400.0),
    ("WattHour", 3600.0),
];

/// Units in newtons.
#[rustfmt::skip]
const FORCE: Units = &[
    ("Decanewton", 10.0),
    ("Dyn", 1e-5),
    ("KiloPond", KILOPOND),
    ("KilogramForce", KILOPOND),
    ("Kilonewton", 1e3),
    ("KilopoundForce", POUND_FORCE * 1e3),
    ("Meganewton", 1e6),
    ("Micronewton", 1e-6),
    ("Millinewton", 1e-3),
    ("Newton", 1.0),
    ("OunceForce", 0.278_013_850_953_781_2),
    ("PoundForce", POUND_FORCE),
    ("Poundal", 0.138_255_027_989_730_4),
    ("ShortTonForce", 8.896_443_230_521e3),
    ("TonneForce", KILOPOND * 1e3),
];

/// Units in metres.
#[rustfmt::skip]
const LENGTH: Units = &[
    ("Angstrom", 1e-10),
    ("AstronomicalUnit", 1.495_978_707e11),
    ("Centimeter", 1e-2),
    ("Chain", 20.1168),
    ("DataMile", 1828.8),
    ("Decameter", 10.0),
    ("Decimeter", 0.1),
    ("DtpPica", 1.0 / 236.220_472_441),
    ("DtpPoint", 0.0254 / 72.0),
    ("Fathom", 1.8288),
    ("Foot", FOOT),
    ("Hand", 0.1016),
    ("Hectometer", 100.0),
    ("Inch", INCH),
    ("KilolightYear", LIGHT_YEAR * 1e3),
    ("Kilometer", 1e3),
    ("Kiloparsec", PARSEC * 1e3),
    ("LightYear", LIGHT_YEAR),
    ("MegalightYear", LIGHT_YEAR * 1e6),
    ("Megaparsec", PARSEC * 1e6),
    ("Meter", 1.0),
    ("Microinch", 2.54e-8),
    ("Micrometer", 1e-6),
    ("Mil", 2.54e-5),
    ("Mile", 1609.344),
    ("Millimeter", 1e-3),
    ("Nanometer", 1e-9),
    ("NauticalMile", 1852.0),
    ("Parsec", PARSEC),
    ("PrinterPica", 1.0 / 237.106_301_584),
    ("PrinterPoint", 0.0254 / 72.27),
    ("Shackle", 27.432),
    ("SolarRadius", 6.9551e8),
    ("Twip", 1.0 / 56_692.913_385_826),
    ("UsSurveyFoot", SURVEY_FOOT),
    ("Yard", YARD),
];

/// Units in kilograms.
#[rustfmt::skip]
const MASS: Units = &[
    ("Centigram", 1e-5),
    ("Decagram", 1e-2),
    ("Decigram", 1e-4),
    ("EarthMass", 5.9722e24),
    ("Grain", 1.0 / 15_432.358_352_941_431),
    ("Gram", 1e-3),
    ("Hectogram", 0.1),
    ("Kilogram", 1.0),
    ("Kilopound", POUND * 1e3),
    ("Kilotonne", 1e6),
    ("LongHundredweight", 1.0 / 0.019_684_130_552_221_21),
    ("LongTon", 1.016_046_908_8e3),
    ("Megapound", POUND * 1e6),
    ("Megatonne", 1e9),
    ("Microgram", 1e-9),
    ("Milligram", 1e-6),
    ("Nanogram", 1e-12),
    ("Ounce", 1.0 / 35.273_961_9),
    ("Pound", POUND),
    ("ShortHundredweight", 1.0 / 0.022_046_226_218_487_758),
    ("ShortTon", 9.071_847_4e2),
    ("Slug", 1.0 / 6.852_176_556_196_105e-2),
    ("SolarMass", 1.98947e30),
    ("Stone", 1.0 / 0.157_473_172_870_269_8),
    ("Tonne", 1e3),
];

/// Units in metres a second.
#[rustfmt::skip]
const SPEED: Units = &[
    ("CentimeterPerHour", 1e-2 / 3600.0),
    ("CentimeterPerMinute", 1e-2 / 60.0),
    ("CentimeterPerSecond", 1e-2),
    ("DecimeterPerMinute", 0.1 / 60.0),
    ("DecimeterPerSecond", 0.1),
    ("FootPerHour", FOOT / 3600.0),
    ("FootPerMinute", FOOT / 60.0),
    ("FootPerSecond", FOOT),
    ("InchPerHour", INCH / 3600.0),
    ("InchPerMinute", INCH / 60.0),
    ("InchPerSecond", INCH),
    ("KilometerPerHour", 1e3 / 3600.0),
    ("KilometerPerMinute", 1e3 / 60.0),
    ("KilometerPerSecond", 1e3),
    ("Knot", 0.514_444),
    ("MeterPerHour", 1.0 / 3600.0),
    ("MeterPerMinute", 1.0 / 60.0),
    ("MeterPerSecond", 1.0),
    ("MicrometerPerMinute", 1e-6 / 60.0),
    ("MicrometerPerSecond", 1e-6),
    ("MilePerHour", 0.44704),
    ("MillimeterPerHour", 1e-3 / 3600.0),
    ("MillimeterPerMinute", 1e-3 / 60.0),
    ("MillimeterPerSecond", 1e-3),
    ("NanometerPerMinute", 1e-9 / 60.0),
    ("NanometerPerSecond", 1e-9),
    ("UsSurveyFootPerHour", SURVEY_FOOT / 3600.0),
    ("UsSurveyFootPerMinute", SURVEY_FOOT / 60.0),
    ("UsSurveyFootPerSecond", SURVEY_FOOT),
    ("YardPerHour", YARD / 3600.0),
    ("YardPerMinute", YARD / 60.0),
    ("YardPerSecond", YARD),
];

/// Units in cubic metres.
#[rustfmt::skip]
const VOLUME: Units = &[
    ("AcreFoot", 1.0 / 0.000_810_714),
    ("AuTablespoon", 2e-5),
    ("BoardFoot", 2.359_737_215_8e-3),
    ("Centiliter", 1e-5),
    ("CubicCentimeter", 1e-6),
    ("CubicDecimeter", 1e-3),
    ("CubicFoot", CUBIC_FOOT),
    ("CubicHectometer", 1e6),
    ("CubicInch", 1.638_706_4e-5),
    ("CubicKilometer", 1e9),
    ("CubicMeter", 1.0),
    ("CubicMicrometer", 1e-18),
    ("CubicMile", 4.168_181_825_440_58e9),
    ("CubicMillimeter", 1e-9),
    ("CubicYard", 0.764_554_858),
    ("Decaliter", 1e-2),
    ("DecausGallon", US_GALLON * 1e1),
    ("Deciliter", 1e-4),
    ("DeciusGallon", US_GALLON / 1e1),
    ("HectocubicFoot", CUBIC_FOOT * 1e2),
    ("HectocubicMeter", 1e2),
    ("Hectoliter", 0.1),
    ("HectousGallon", US_GALLON * 1e2),
    ("ImperialBeerBarrel", 0.163_659_24),
    ("ImperialGallon", IMPERIAL_GALLON),
    ("ImperialOunce", 2.841_306_249_996_29e-5),
    ("ImperialPint", 5.682_612_5e-4),
    ("KilocubicFoot", CUBIC_FOOT * 1e3),
    ("KilocubicMeter", 1e3),
    ("KiloimperialGallon", IMPERIAL_GALLON * 1e3),
    ("Kiloliter", 1.0),
    ("KilousGallon", US_GALLON * 1e3),
    ("Liter", 1e-3),
    ("MegacubicFoot", CUBIC_FOOT * 1e6),
    ("MegaimperialGallon", IMPERIAL_GALLON * 1e6),
    ("Megaliter", 1e3),
    ("MegausGallon", US_GALLON * 1e6),
    ("MetricCup", 2.5e-4),
    ("MetricTeaspoon", 5e-6),
    ("Microliter", 1e-9),
    ("Milliliter", 1e-6),
    ("OilBarrel", 0.158_987_294_928),
    ("UkTablespoon", 1.5e-5),
    ("UsBeerBarrel", 0.117_347_765_8),
    ("UsCustomaryCup", 2.365_882_365e-4),
    ("UsGallon", US_GALLON),
    ("UsLegalCup", 2.4e-4),
    ("UsOunce", 2.957_352_956_253_760_5e-5),
    ("UsPint", 4.731_764_73e-4),
    ("UsQuart", 9.463_529_46e-4),
    ("UsTablespoon", 1.478_676_478_125e-5),
    ("UsTeaspoon", 4.928_921_593_75e-6),
];
