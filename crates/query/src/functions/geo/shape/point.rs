//! Places on the unit sphere, as vectors: conversion from and to degrees, and the arithmetic that everything else here is
//! made of. Deliberately absent: the spheroid; Kusto measures on a sphere.

use std::f64::consts::PI;
use std::ops::{Add, Mul, Neg, Sub};

/// Radius of the Earth as Kusto (and S2) has it, in metres.
pub(crate) const EARTH_RADIUS_METERS: f64 = 6_371_010.0;

/// A vector in space; a place where it has length one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) z: f64,
}

/// A place far from anything that one measures: where a path to test containment begins. It is neither a pole nor on a
/// meridian or parallel of whole degrees, so that it hardly ever lies on an edge.
pub(crate) const ORIGIN: Point =
    Point { x: -0.009_999_466_435_025_02, y: 0.002_592_454_260_932_412, z: 0.999_946_643_502_502 };

impl Point {
    /// The place of a longitude and latitude, in degrees.
    pub(crate) fn from_degrees(longitude: f64, latitude: f64) -> Self {
        let (theta, phi) = (longitude * (PI / 180.0), latitude * (PI / 180.0));
        let along = phi.cos();
        Self { x: theta.cos() * along, y: theta.sin() * along, z: phi.sin() }
    }

    /// Longitude and latitude, in degrees.
    pub(crate) fn to_degrees(self) -> (f64, f64) {
        // Adding zero turns -0 into 0: equal places have equal numbers, and the meridian of -180 is that of 180.
        let longitude = (self.y + 0.0).atan2(self.x + 0.0);
        let latitude = (self.z + 0.0).atan2((self.x * self.x + self.y * self.y).sqrt());
        (longitude * (180.0 / PI), latitude * (180.0 / PI))
    }

    pub(crate) fn dot(self, other: Self) -> f64 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    pub(crate) fn cross(self, other: Self) -> Self {
        Self {
            x: self.y * other.z - self.z * other.y,
            y: self.z * other.x - self.x * other.z,
            z: self.x * other.y - self.y * other.x,
        }
    }

    pub(crate) fn norm(self) -> f64 {
        self.dot(self).sqrt()
    }

    /// The vector of length one in the same direction; zero stays zero.
    pub(crate) fn unit(self) -> Self {
        let norm = self.norm();
        if norm == 0.0 { self } else { self * (1.0 / norm) }
    }

    /// The angle to another vector, in radians; exact also for very small ones.
    pub(crate) fn angle(self, other: Self) -> f64 {
        self.cross(other).norm().atan2(self.dot(other))
    }

    /// A vector across both, longer and far more exact than the cross product where the two are close together. It is
    /// never zero unless both are.
    pub(crate) fn robust_cross(self, other: Self) -> Self {
        let across = (other + self).cross(other - self);
        if across == Self::ZERO { self.across() } else { across }
    }

    /// Some direction at a right angle, always the same for the same place.
    pub(crate) fn across(self) -> Self {
        let (x, y, z) = (self.x.abs(), self.y.abs(), self.z.abs());
        let largest = if x > y {
            if x > z { 0 } else { 2 }
        } else if y > z {
            1
        } else {
            2
        };
        let mut other = Self { x: 0.012, y: 0.0053, z: 0.00457 };
        match largest {
            0 => other.z = 1.0,
            1 => other.x = 1.0,
            _ => other.y = 1.0,
        }
        self.cross(other).unit()
    }

    const ZERO: Self = Self { x: 0.0, y: 0.0, z: 0.0 };

    /// The coordinates by number: 0, 1, 2.
    pub(crate) const fn axis(self, axis: usize) -> f64 {
        match axis {
            0 => self.x,
            1 => self.y,
            _ => self.z,
        }
    }

    /// Equal exactly if the places are; for tables.
    pub(crate) fn bits(self) -> [u64; 3] {
        // Adding zero makes one of the two zeros.
        [(self.x + 0.0).to_bits(), (self.y + 0.0).to_bits(), (self.z + 0.0).to_bits()]
    }

    /// The place `angle` radians from here in the direction of `ray`, a unit vector at a right angle.
    pub(crate) fn along(self, ray: Self, angle: f64) -> Self {
        (self * angle.cos() + ray * angle.sin()).unit()
    }

    /// The place on the way to `other`, `angle` radians from here.
    pub(crate) fn toward(self, other: Self, angle: f64) -> Self {
        self.along(self.robust_cross(other).cross(self).unit(), angle)
    }

    /// The place at a fraction of the way to `other`.
    pub(crate) fn interpolate(self, other: Self, fraction: f64) -> Self {
        if fraction == 0.0 {
            return self;
        }
        if fraction == 1.0 {
            return other;
        }
        self.toward(other, fraction * self.angle(other))
    }
}

impl Add for Point {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { x: self.x + other.x, y: self.y + other.y, z: self.z + other.z }
    }
}

impl Sub for Point {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { x: self.x - other.x, y: self.y - other.y, z: self.z - other.z }
    }
}

impl Neg for Point {
    type Output = Self;
    fn neg(self) -> Self {
        Self { x: -self.x, y: -self.y, z: -self.z }
    }
}

impl Mul<f64> for Point {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self { x: self.x * factor, y: self.y * factor, z: self.z * factor }
    }
}
