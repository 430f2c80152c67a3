//! The decimal digits of a binary number, as Java up to version 18 finds them.
//!
//! Digits are generated until those that follow cannot matter, with a test that is a little off near powers of two and
//! for whole numbers of 2^24 and more: 2.0E23, but 1.23456794E9 where 1.234568E9 would do. Consumers compare texts, so
//! the digits are these and not the shortest.

use num_bigint::BigUint;

/// Bits of a double's fraction that are stored.
const FRACTION: i32 = 52;
/// Bits of 5^n, as the original counts them.
const BITS_OF_POWER: [i32; 27] = [
    0, 3, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28, 31, 33, 35, 38, 40, 42, 45, 47, 49, 52, 54, 56,
    59, 61,
];

/// Digits, and where the point stands among them: 0 is before the first.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Digits {
    text: [u8; 28],
    used: usize,
    point: i32,
}

impl Digits {
    fn new() -> Self {
        Self { text: [b'0'; 28], used: 0, point: 1 }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.text[..self.used]
    }

    pub(crate) fn point(&self) -> i32 {
        self.point
    }

    fn push(&mut self, digit: u8) {
        if let Some(place) = self.text.get_mut(self.used) {
            *place = b'0' + digit;
            self.used += 1;
        }
    }

    fn round_up(&mut self) {
        for place in self.text[..self.used].iter_mut().rev() {
            if *place != b'9' {
                *place += 1;
                return;
            }
            *place = b'0';
        }
        self.text[0] = b'1';
        self.point += 1;
    }
}

/// The digits of a number of 64 bits, if it is finite.
pub(crate) fn of_f64(value: f64) -> Option<Digits> {
    let bits = value.to_bits();
    let exponent = i32::try_from(bits >> FRACTION & 0x7ff).unwrap_or(0);
    let fraction = bits & ((1 << FRACTION) - 1);
    (exponent != 0x7ff).then(|| of_parts(exponent, fraction, 1023, FRACTION))
}

/// The digits of a number of 32 bits, if it is finite.
pub(crate) fn of_f32(value: f32) -> Option<Digits> {
    let bits = value.to_bits();
    let exponent = i32::try_from(bits >> 23 & 0xff).unwrap_or(0);
    let fraction = u64::from(bits & ((1 << 23) - 1));
    (exponent != 0xff).then(|| of_parts(exponent, fraction, 127, 23))
}

fn of_parts(exponent: i32, fraction: u64, bias: i32, width: i32) -> Digits {
    let shift = FRACTION - width;
    if exponent > 0 {
        return of_normal(exponent - bias, (fraction | 1 << width) << shift, width + 1);
    }
    if fraction == 0 {
        let mut zero = Digits::new();
        zero.push(0);
        return zero;
    }
    let significant = i32::try_from(u64::BITS - fraction.leading_zeros()).unwrap_or(0);
    let lift = width + 1 - significant;
    of_normal(1 - lift - bias, fraction << lift << shift, significant)
}

/// The digits of `fraction × 2^(exponent - 52)`, where the highest bit of the fraction is bit 52.
fn of_normal(exponent: i32, fraction: u64, significant: i32) -> Digits {
    let tail = i32::try_from(fraction.trailing_zeros()).unwrap_or(0);
    let bits = FRACTION + 1 - tail;
    let after_point = (bits - exponent - 1).max(0);
    if (-21..=62).contains(&exponent) && after_point == 0 {
        return of_whole(exponent, fraction, significant);
    }
    let estimate = estimate(fraction, exponent);
    let five_b = (-estimate).max(0);
    let five_s = estimate.max(0);
    let mut two_b = five_b + after_point + exponent;
    let mut two_s = five_s + after_point;
    let mut two_m = two_b - significant;
    two_b -= bits - 1;
    let common = two_b.min(two_s);
    two_b -= common;
    two_s -= common;
    two_m -= common;
    // Below a power of two the next number is nearer.
    if bits == 1 {
        two_m -= 1;
    }
    if two_m < 0 {
        two_b -= two_m;
        two_s -= two_m;
        two_m = 0;
    }
    let sizes = [bits + two_b + bits_of(five_b), two_s + 1 + bits_of(five_s + 1)];
    let scaled = Scaled { fraction: fraction >> tail, five_b, two_b, five_s, two_s, two_m };
    let size = sizes[0].max(sizes[1]);
    match size {
        ..32 => generate_int(&scaled, estimate),
        32..64 => generate_long(&scaled, estimate),
        _ if size < 120 => generate_wide(&scaled, estimate),
        _ => generate_big(&scaled, estimate),
    }
}

/// What the digits come from: `fraction × 5^five_b × 2^two_b` over `5^five_s × 2^two_s`, exact to `5^five_b × 2^two_m`.
struct Scaled {
    fraction: u64,
    five_b: i32,
    two_b: i32,
    five_s: i32,
    two_s: i32,
    two_m: i32,
}

fn bits_of(power: i32) -> i32 {
    let known = usize::try_from(power).ok().and_then(|power| BITS_OF_POWER.get(power));
    known.copied().unwrap_or(power * 3)
}

/// A whole number of less than 2^63: its own digits, without those that its bits say nothing about.
fn of_whole(exponent: i32, fraction: u64, significant: i32) -> Digits {
    let beyond = exponent - significant - 1;
    let dropped =
        if exponent > significant && beyond > 1 { (beyond * 30_103) / 100_000 } else { 0 };
    let mut value = if exponent >= FRACTION {
        fraction << (exponent - FRACTION)
    } else {
        fraction >> (FRACTION - exponent)
    };
    let mut digits = Digits::new();
    digits.point = dropped;
    if dropped > 0 {
        let power = 10_u64.pow(dropped.unsigned_abs());
        let rest = value % power;
        value /= power;
        value += u64::from(rest >= power >> 1);
    }
    let mut buffer = itoa::Buffer::new();
    let text = buffer.format(value).as_bytes();
    digits.point += i32::try_from(text.len()).unwrap_or(0);
    let kept = text.len() - text.iter().rev().take_while(|digit| **digit == b'0').count();
    text[..kept.max(1)].iter().for_each(|digit| digits.push(digit - b'0'));
    digits
}

/// The power of ten of the first digit, or one more.
#[expect(clippy::cast_possible_truncation, reason = "the exponent of a number of 64 bits is small")]
fn estimate(fraction: u64, exponent: i32) -> i32 {
    let mantissa = f64::from_bits(1023 << FRACTION | fraction & ((1 << FRACTION) - 1));
    let guess = (mantissa - 1.5) * 0.289_529_654
        + 0.176_091_259
        + f64::from(exponent) * std::f64::consts::LOG10_2;
    guess.floor() as i32
}

/// How digits ended: whether the rest is below, or within reach of the next digit, and how it compares to a half.
struct End {
    low: bool,
    high: bool,
    half: std::cmp::Ordering,
}

fn finish(mut digits: Digits, estimate: i32, end: &End) -> Digits {
    digits.point = estimate + 1;
    let odd = digits.as_bytes().last().is_some_and(|digit| digit & 1 != 0);
    let up = match (end.high, end.low) {
        (true, true) => end.half.is_gt() || (end.half.is_eq() && odd),
        (high, _) => high,
    };
    if up {
        digits.round_up();
    }
    digits
}

/// The loop, for numbers of machine size; they wrap where the original's do.
macro_rules! generate {
    ($name:ident, $number:ty) => {
        #[expect(clippy::cast_possible_truncation, reason = "the sizes were looked at")]
        #[expect(clippy::cast_sign_loss, reason = "a digit has no sign")]
        fn $name(scaled: &Scaled, mut estimate: i32) -> Digits {
            let five = |power: i32| (5 as $number).wrapping_pow(power.unsigned_abs());
            let mut b = (scaled.fraction as $number)
                .wrapping_mul(five(scaled.five_b))
                .wrapping_shl(scaled.two_b.unsigned_abs());
            let s = five(scaled.five_s).wrapping_shl(scaled.two_s.unsigned_abs());
            let mut m = five(scaled.five_b).wrapping_shl(scaled.two_m.unsigned_abs());
            let tens = s.wrapping_mul(10);
            let mut digits = Digits::new();
            let mut step = |b: &mut $number| {
                let digit = (*b / s) as u8;
                *b = (*b % s).wrapping_mul(10);
                m = m.wrapping_mul(10);
                // One that has wrapped is larger than everything else.
                let wrapped = m <= 0;
                (digit, wrapped || *b < m, wrapped || b.wrapping_add(m) > tens)
            };
            let (first, mut low, mut high) = step(&mut b);
            if first == 0 && !high {
                estimate -= 1;
            } else {
                digits.push(first);
            }
            // With an exponent there are two digits at least.
            if !(-3..8).contains(&estimate) {
                (low, high) = (false, false);
            }
            while !low && !high {
                let digit;
                (digit, low, high) = step(&mut b);
                digits.push(digit);
            }
            let half = b.wrapping_shl(1).wrapping_sub(tens).cmp(&0);
            finish(digits, estimate, &End { low, high, half })
        }
    };
}

generate!(generate_int, i32);
generate!(generate_long, i64);

/// The loop for numbers of up to 120 bits.
fn generate_wide(scaled: &Scaled, estimate: i32) -> Digits {
    let five = |power: i32| 5_u128.pow(power.unsigned_abs());
    let b = (u128::from(scaled.fraction) * five(scaled.five_b)) << scaled.two_b;
    let s = five(scaled.five_s) << scaled.two_s;
    let m = five(scaled.five_b) << scaled.two_m;
    exact(b, &s, m, estimate)
}

/// The loop for numbers of any size.
fn generate_big(scaled: &Scaled, estimate: i32) -> Digits {
    let five = |power: i32| BigUint::from(5_u8).pow(power.unsigned_abs());
    let b = (five(scaled.five_b) * scaled.fraction) << scaled.two_b;
    let s = five(scaled.five_s) << scaled.two_s;
    let m = five(scaled.five_b) << scaled.two_m;
    exact(b, &s, m, estimate)
}

/// What the exact loop asks of a number.
trait Number: Ord + Clone {
    fn times_ten(self) -> Self;
    fn plus(&self, other: &Self) -> Self;
    /// The quotient, which is a digit, and the rest.
    fn digit(self, divisor: &Self) -> (u8, Self);
}

impl Number for u128 {
    fn times_ten(self) -> Self {
        self * 10
    }

    fn plus(&self, other: &Self) -> Self {
        self + other
    }

    fn digit(self, divisor: &Self) -> (u8, Self) {
        (u8::try_from(self / divisor).unwrap_or(9), self % divisor)
    }
}

impl Number for BigUint {
    fn times_ten(self) -> Self {
        self * 10_u8
    }

    fn plus(&self, other: &Self) -> Self {
        self + other
    }

    fn digit(mut self, divisor: &Self) -> (u8, Self) {
        let mut digit = 0;
        while self >= *divisor {
            self -= divisor;
            digit += 1;
        }
        (digit, self)
    }
}

fn exact<N: Number>(mut b: N, s: &N, mut m: N, mut estimate: i32) -> Digits {
    let tens = s.clone().times_ten();
    let mut digits = Digits::new();
    let step = |b: &mut N, m: &mut N| {
        let (digit, rest) = b.clone().digit(s);
        *b = rest.times_ten();
        *m = m.clone().times_ten();
        (digit, *b < *m, b.plus(m) >= tens)
    };
    let (first, mut low, mut high) = step(&mut b, &mut m);
    if first == 0 && !high {
        estimate -= 1;
    } else {
        digits.push(first);
    }
    // With an exponent there are two digits at least.
    if !(-3..8).contains(&estimate) {
        (low, high) = (false, false);
    }
    while !low && !high {
        let digit;
        (digit, low, high) = step(&mut b, &mut m);
        digits.push(digit);
    }
    let half = b.plus(&b).cmp(&tens);
    finish(digits, estimate, &End { low, high, half })
}
