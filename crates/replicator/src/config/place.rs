//! Where a key stands in a pipeline file, for what is found wrong after it is read.

/// `file:line:column` of a key at the left margin, for what is found wrong after the file is read.
pub(super) fn place(file: &str, text: &str, key: &str) -> String {
    let line = text
        .lines()
        .position(|line| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')));
    line.map_or_else(|| format!("{file}: {key}"), |line| format!("{file}:{}:1: {key}", line + 1))
}

/// The same of a key one step in.
pub(super) fn place_within(file: &str, text: &str, outer: &str, key: &str) -> String {
    let lines = text.lines().enumerate();
    let mut within = lines.skip_while(|(_, line)| {
        !line.strip_prefix(outer).is_some_and(|rest| rest.starts_with(':'))
    });
    let found = within.find_map(|(number, line)| {
        let inner = line.trim_start();
        let rest = inner.strip_prefix(key)?;
        let column = line.len() - inner.len();
        (column > 0 && rest.starts_with(':')).then_some((number + 1, column + 1))
    });
    match found {
        Some((line, column)) => format!("{file}:{line}:{column}: {outer}.{key}"),
        None => place(file, text, outer),
    }
}
