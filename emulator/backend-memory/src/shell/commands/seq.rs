//! `seq`: numbers from first to last, exactly, in decimal.

use bashkit::{Command, CommandContext, CommandStatus, Result};

use super::{Writer, fail};

pub(super) struct Seq;

/// What `seq` is asked to print.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    first: i128,
    step: i128,
    last: i128,
    /// Digits after the point, of which the numbers above are multiples.
    places: u32,
    separator: String,
    /// Pad with zeros to the same width.
    same_width: bool,
}

/// Most digits after the point.
const MAX_PLACES: u32 = 18;

#[async_trait::async_trait]
impl Command for Seq {
    async fn execute(&self, ctx: CommandContext<'_>) -> Result<CommandStatus> {
        let plan = match Plan::parse(ctx.args) {
            Ok(plan) => plan,
            Err(words) => return fail(&ctx, &words, 1).await,
        };
        let width = if plan.same_width { plan.width() } else { 0 };
        let mut writer = Writer::new(&ctx.stdout);
        let mut now = plan.first;
        let mut before = "";
        while plan.holds(now) {
            let number = format!("{before}{}", plan.print(now, width));
            before = &plan.separator;
            if !writer.write(number.as_bytes()).await? {
                break;
            }
            let Some(next) = now.checked_add(plan.step) else { break };
            now = next;
        }
        if plan.holds(plan.first) {
            writer.write(b"\n").await?;
        }
        writer.finish().await
    }
}

impl Plan {
    fn parse(args: &[String]) -> std::result::Result<Self, String> {
        let (mut separator, mut same_width) = ("\n".to_owned(), false);
        let mut numbers: Vec<&str> = Vec::new();
        let mut args = args.iter().map(String::as_str);
        while let Some(arg) = args.next() {
            let is_number = arg.starts_with(|c: char| c.is_ascii_digit() || c == '.')
                || arg
                    .strip_prefix(['-', '+'])
                    .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '.'));
            match arg {
                _ if is_number || !numbers.is_empty() => numbers.push(arg),
                "--" => {}
                "-w" | "--equal-width" => same_width = true,
                "-s" | "--separator" => {
                    let text = args.next().ok_or("option requires an argument -- 's'")?;
                    text.clone_into(&mut separator);
                }
                _ if arg.starts_with("-s") => arg[2..].clone_into(&mut separator),
                _ if arg.starts_with("--separator=") => arg[12..].clone_into(&mut separator),
                _ if arg.starts_with('-') => return Err(format!("unsupported option '{arg}'")),
                _ => return Err(format!("invalid floating point argument: '{arg}'")),
            }
        }
        let (first, step, last) = match numbers[..] {
            [last] => ("1", "1", last),
            [first, last] => (first, "1", last),
            [first, step, last] => (first, step, last),
            [] => return Err("missing operand".to_owned()),
            [_, _, _, extra, ..] => return Err(format!("extra operand '{extra}'")),
        };
        let places = [first, step].iter().map(|text| places(text)).max().unwrap_or(0);
        // What the end has after that is only compared with, never printed.
        let exact = places.max(self::places(last));
        if exact > MAX_PLACES {
            return Err(format!("more than {MAX_PLACES} digits after the point"));
        }
        let number = |text: &str| {
            scaled(text, exact).ok_or_else(|| format!("invalid floating point argument: '{text}'"))
        };
        let down = 10_i128.pow(exact - places);
        let (first, step, last) = (number(first)? / down, number(step)? / down, number(last)?);
        if step == 0 {
            return Err("invalid Zero increment value: '0'".to_owned());
        }
        let last = if step > 0 { last.div_euclid(down) } else { -(-last).div_euclid(down) };
        Ok(Self { first, step, last, places, separator, same_width })
    }

    fn holds(&self, now: i128) -> bool {
        if self.step > 0 { now <= self.last } else { now >= self.last }
    }

    fn print(&self, number: i128, width: usize) -> String {
        let sign = if number < 0 { "-" } else { "" };
        let scale = 10_u128.pow(self.places);
        let (whole, part) = (number.unsigned_abs() / scale, number.unsigned_abs() % scale);
        let part = match self.places {
            0 => String::new(),
            places => format!(".{part:0places$}", places = places as usize),
        };
        let pad = width.saturating_sub(sign.len() + part.len());
        format!("{sign}{whole:0pad$}{part}")
    }

    fn width(&self) -> usize {
        self.print(self.first, 0).len().max(self.print(self.last, 0).len())
    }
}

/// Digits after the point.
fn places(text: &str) -> u32 {
    text.split_once('.').map_or(0, |(_, part)| u32::try_from(part.len()).unwrap_or(u32::MAX))
}

/// The number times ten to the power of `places`.
fn scaled(text: &str, places: u32) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || !all_digits(whole) || !all_digits(part) {
        return None;
    }
    let digits = format!("{whole}{part:0<width$}", width = places as usize);
    // Twenty digits are more than any loop counts to, and leave room for every sum.
    (digits.len() <= 37).then(|| digits.parse::<i128>().ok())?.map(|number| sign * number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(args: &[&str]) -> std::result::Result<String, String> {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        let plan = Plan::parse(&args)?;
        let width = if plan.same_width { plan.width() } else { 0 };
        let mut numbers = Vec::new();
        let mut now = plan.first;
        while plan.holds(now) {
            numbers.push(plan.print(now, width));
            now += plan.step;
        }
        Ok(numbers.join(&plan.separator))
    }

    #[test]
    fn numbers_are_counted_exactly() {
        assert_eq!(printed(&["-s,", "3"]), Ok("1,2,3".into()));
        assert_eq!(printed(&["-s", " ", "3", "-2", "-1"]), Ok("3 1 -1".into()));
        assert_eq!(printed(&["-s,", "0", "0.1", "0.35"]), Ok("0.0,0.1,0.2,0.3".into()));
        assert_eq!(printed(&["-s,", "-w", "8", "10"]), Ok("08,09,10".into()));
        assert_eq!(printed(&["-s,", "-w", "-1", "1"]), Ok("-1,00,01".into()));
        assert_eq!(printed(&["2", "1"]), Ok(String::new()));
        assert_eq!(printed(&["-s,", "1", "2.5"]), Ok("1,2".into()));
        assert_eq!(printed(&["-s,", "-1", "-1", "-2.5"]), Ok("-1,-2".into()));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for wrong in [&["x"][..], &["1", "0", "2"], &[], &["1", "2", "3", "4"], &["-f", "%g", "3"]]
        {
            assert!(printed(wrong).is_err(), "{wrong:?}");
        }
    }
}
