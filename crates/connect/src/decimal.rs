//! A decimal number of any size, with the scale it was written with: Java's `BigDecimal`.

use std::fmt;
use std::hash::{Hash, Hasher};

use num_bigint::{BigInt, Sign};

/// A decimal number: `unscaled × 10^-scale`. 1.5 and 1.50 are not equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal {
    unscaled: Unscaled,
    scale: i32,
}

/// The digits. Those that fit stay off the heap, and `Big` holds only what does not fit, so that equality is by variant.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Unscaled {
    Small(i128),
    Big(Box<BigInt>),
}

impl Hash for Decimal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.scale.hash(state);
        if let Unscaled::Small(value) = self.unscaled {
            value.hash(state);
        }
    }
}

impl From<BigInt> for Unscaled {
    fn from(value: BigInt) -> Self {
        i128::try_from(&value).map_or_else(|_| Self::Big(Box::new(value)), Self::Small)
    }
}

impl Decimal {
    /// `unscaled × 10^-scale`.
    pub fn new(unscaled: i128, scale: i32) -> Self {
        Self { unscaled: Unscaled::Small(unscaled), scale }
    }

    /// From big-endian two's complement, as Connect's `Decimal` travels; none from no bytes.
    pub fn from_be_bytes(bytes: &[u8], scale: i32) -> Option<Self> {
        let first = *bytes.first()?;
        let unscaled = if bytes.len() <= 16 {
            let mut wide = if first & 0x80 == 0 { [0; 16] } else { [0xff; 16] };
            wide[16 - bytes.len()..].copy_from_slice(bytes);
            Unscaled::Small(i128::from_be_bytes(wide))
        } else {
            BigInt::from_signed_bytes_be(bytes).into()
        };
        Some(Self { unscaled, scale })
    }

    /// Hands over the shortest big-endian two's complement of the unscaled value.
    pub fn with_be_bytes<T>(&self, take: impl FnOnce(&[u8]) -> T) -> T {
        match &self.unscaled {
            Unscaled::Small(value) => {
                let bytes = value.to_be_bytes();
                let sign = if *value < 0 { 0xff } else { 0 };
                let mut start = 0;
                while start < 15 && bytes[start] == sign && (bytes[start + 1] ^ sign) & 0x80 == 0 {
                    start += 1;
                }
                take(&bytes[start..])
            }
            Unscaled::Big(value) => take(&value.to_signed_bytes_be()),
        }
    }

    /// From text such as `-1.50` or `1e3`, as Java's `new BigDecimal` takes it.
    pub fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => (&text[..at], exponent(&text[at + 1..])?),
            None => (text, 0),
        };
        let (negative, digits) = match mantissa.as_bytes().first()? {
            b'-' => (true, &mantissa[1..]),
            b'+' => (false, &mantissa[1..]),
            _ => (false, mantissa),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let scale = i64::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        let scale = i32::try_from(scale).ok()?;
        let unscaled = unscaled(whole, fraction, negative)?;
        Some(Self { unscaled, scale })
    }

    /// How many digits stand after the point.
    pub fn scale(&self) -> i32 {
        self.scale
    }

    /// The nearest number of 64 bits.
    pub fn to_f64(&self) -> f64 {
        self.exponential().parse().unwrap_or(f64::NAN)
    }

    /// The nearest number of 32 bits.
    pub fn to_f32(&self) -> f32 {
        self.exponential().parse().unwrap_or(f32::NAN)
    }

    /// A form every parser of numbers takes, without regard to size.
    fn exponential(&self) -> String {
        format!("{}e{}", self.digits(), -i64::from(self.scale))
    }

    /// The whole part; of one that does not fit the lowest 64 bits.
    pub fn to_i64_wrapping(&self) -> i64 {
        // 10^64 is a multiple of 2^64, and so are all higher powers.
        if self.scale <= -64 {
            return 0;
        }
        let digits = self.digits();
        let count = digits.trim_start_matches('-').len();
        if self.scale > 0 && count <= usize::try_from(self.scale).unwrap_or(usize::MAX) {
            return 0;
        }
        let whole = if self.scale > 0 {
            let cut = digits.len() - usize::try_from(self.scale).unwrap_or(0);
            digits[..cut].parse::<BigInt>()
        } else {
            let zeros = usize::try_from(-self.scale).unwrap_or(0);
            format!("{digits}{:0<zeros$}", "").parse::<BigInt>()
        };
        whole.map_or(0, |whole| low_64_bits(&whole))
    }

    /// The whole number it is, if it has nothing after its point and fits.
    pub fn to_i64_exact(&self) -> Option<i64> {
        let digits = self.digits();
        let unsigned = digits.trim_start_matches('-');
        if unsigned == "0" {
            return Some(0);
        }
        if self.scale > 0 {
            let cut = unsigned.len().checked_sub(usize::try_from(self.scale).ok()?)?;
            if cut == 0 || unsigned[cut..].bytes().any(|b| b != b'0') {
                return None;
            }
            digits[..digits.len() - (unsigned.len() - cut)].parse().ok()
        } else {
            let zeros = usize::try_from(self.scale.unsigned_abs()).ok()?;
            if unsigned.len() + zeros > 19 {
                return None;
            }
            format!("{digits}{:0<zeros$}", "").parse().ok()
        }
    }

    fn digits(&self) -> String {
        match &self.unscaled {
            Unscaled::Small(value) => itoa::Buffer::new().format(*value).to_owned(),
            Unscaled::Big(value) => value.to_string(),
        }
    }
}

fn exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let value: i64 = digits
        .trim_start_matches('0')
        .parse()
        .or_else(|_| if digits.bytes().all(|b| b == b'0') { Ok(0) } else { Err(()) })
        .ok()?;
    let value = if text.starts_with('-') { -value } else { value };
    i32::try_from(value).ok().map(i64::from)
}

fn unscaled(whole: &str, fraction: &str, negative: bool) -> Option<Unscaled> {
    if whole.len() + fraction.len() <= 38 {
        let digits = whole.bytes().chain(fraction.bytes());
        let value = digits.fold(0_i128, |sum, digit| sum * 10 + i128::from(digit - b'0'));
        return Some(Unscaled::Small(if negative { -value } else { value }));
    }
    let value = format!("{whole}{fraction}").parse::<BigInt>().ok()?;
    Some(if negative { -value } else { value }.into())
}

fn low_64_bits(value: &BigInt) -> i64 {
    let low = value.iter_u64_digits().next().unwrap_or(0);
    let low = if value.sign() == Sign::Minus { low.wrapping_neg() } else { low };
    low.cast_signed()
}

/// As Java's `toString`: plain where that is short, otherwise with an exponent.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.digits();
        if self.scale == 0 {
            return f.write_str(&text);
        }
        let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
        f.write_str(sign)?;
        let adjusted = i64::try_from(digits.len()).unwrap_or(i64::MAX) - 1 - i64::from(self.scale);
        if self.scale > 0 && adjusted >= -6 {
            let scale = usize::try_from(self.scale).unwrap_or(0);
            return match digits.len().checked_sub(scale) {
                Some(0) => write!(f, "0.{digits}"),
                Some(point) => write!(f, "{}.{}", &digits[..point], &digits[point..]),
                None => write!(f, "0.{digits:0>scale$}"),
            };
        }
        let (first, rest) = digits.split_at(1);
        f.write_str(first)?;
        if !rest.is_empty() {
            write!(f, ".{rest}")?;
        }
        if adjusted == 0 {
            return Ok(());
        }
        write!(f, "E{adjusted:+}")
    }
}
