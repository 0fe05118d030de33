//! Tables: columns below each other, with cells of several lines where there is no room for one.

use super::{inline, wrapped};

/// What stands between two columns.
const GAP: &str = "  ";

/// No column is made narrower than this.
const NARROWEST: usize = 6;

/// The lines of a table of these rows, of which the second one only says how columns are aligned.
pub(super) fn table(rows: &[&str], width: usize) -> Vec<String> {
    let rows: Vec<Vec<String>> = rows.iter().filter(|row| !is_rule(row)).map(|row| cells(row)).collect();
    let widths = widths(&rows, width);
    let mut lines = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        lines.extend(laid_out(row, &widths));
        if place == 0 {
            let rules: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
            lines.push(rules.join(GAP));
        }
    }
    lines
}

fn is_rule(row: &str) -> bool {
    row.chars().all(|letter| "|-: ".contains(letter))
}

fn cells(row: &str) -> Vec<String> {
    let row = row.trim().trim_start_matches('|').trim_end_matches('|');
    row.split('|').map(|cell| inline(cell.trim())).collect()
}

/// As wide as their widest cells; if that is too much, the widest ones give way.
fn widths(rows: &[Vec<String>], width: usize) -> Vec<usize> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let mut widths: Vec<usize> = (0..columns).map(|column| widest(column).unwrap_or(0)).collect();
    let room = width.saturating_sub(GAP.len() * columns.saturating_sub(1));
    while widths.iter().sum::<usize>() > room {
        match widths.iter_mut().max() {
            Some(widest) if *widest > NARROWEST => *widest -= 1,
            _ => break,
        }
    }
    widths
}

/// A row, with as many lines as its longest cell has.
fn laid_out(row: &[String], widths: &[usize]) -> Vec<String> {
    let cells: Vec<Vec<String>> = row.iter().zip(widths).map(|(cell, width)| wrapped(cell, *width)).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    let line = |number: usize| {
        let parts = cells.iter().zip(widths).map(|(cell, width)| {
            let text = cell.get(number).map_or("", String::as_str);
            format!("{text:width$}")
        });
        parts.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    };
    (0..height).map(line).collect()
}
