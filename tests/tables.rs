//! Tables: the kinds of columns that are found, and the way from cells to values of a network and back.

use handgrad_dataset::csv::{Fill, Label};
use handgrad_dataset::tables::{Asked, Cell, Kind, KindName, Scaling, Schema, Table, decode, rows_of, samples_of};
use handgrad_layers::LossKind;
use handgrad_models::{Deep, LayerSpec, Network, file};
use proptest::prelude::*;

fn table(text: &str) -> Table {
    decode(text.as_bytes(), "t.csv".as_ref(), &Label::ByName, Some(true), None, &())
        .unwrap_or_else(|error| panic!("{error}"))
}

fn refused(text: &str) -> String {
    decode(text.as_bytes(), "t.csv".as_ref(), &Label::ByName, Some(true), None, &()).expect_err("an error").to_string()
}

fn rows(table: &Table) -> Vec<usize> {
    (0..table.len()).collect()
}

fn schema(table: &Table, asked: &Asked) -> Schema {
    Schema::of(table, &rows(table), asked).unwrap_or_else(|error| panic!("{error}"))
}

/// A table of one column `name` beside a column of numbers, so that it may be left out.
fn beside<S: ToString>(name: &str, cells: impl IntoIterator<Item = S>) -> Table {
    let line = |(at, cell): (usize, S)| format!("{}.5,\"{}\"\n", at * 37 % 101, cell.to_string());
    table(&(format!("beside,{name}\n") + &cells.into_iter().enumerate().map(line).collect::<String>()))
}

/// The kind that is found for these cells, and the reason.
fn kind<S: ToString>(name: &str, cells: impl IntoIterator<Item = S>) -> (KindName, String) {
    let schema = schema(&beside(name, cells), &Asked::default());
    (schema.columns[1].kind_name(), schema.columns[1].reason.clone())
}

fn found<S: ToString>(name: &str, cells: impl IntoIterator<Item = S>) -> KindName {
    kind(name, cells).0
}

/// 0, …, n − 1 in an order that neither ascends nor repeats: 37 has no factor in common with any n used here.
fn mixed(n: usize) -> impl Iterator<Item = usize> {
    (0..n).map(move |at| at * 37 % n)
}

#[test]
fn kinds_of_numbers() {
    assert_eq!(found("x", mixed(50).map(|at| at as f64 / 7.0)), KindName::Number);
    // Two whole numbers are a category; one is a constant, two decimals and three numbers in few rows are numbers.
    assert_eq!(found("x", mixed(50).map(|at| at % 2)), KindName::Category);
    assert_eq!(found("x", mixed(50).map(|at| 4 + 3 * (at % 2))), KindName::Category);
    assert_eq!(found("x", mixed(50).map(|at| 0.5 + (at % 2) as f64)), KindName::Number);
    let (constant, reason) = kind("x", vec![7; 50]);
    assert_eq!(constant, KindName::Number);
    assert!(reason.contains("always 7"), "{reason}");
    // A few whole numbers are ordinal if each has ten rows or more on average.
    assert_eq!(found("stars", mixed(50).map(|at| 1 + at % 5)), KindName::Ordinal);
    assert_eq!(found("stars", mixed(49).map(|at| 1 + at % 5)), KindName::Number);
    assert_eq!(found("x", mixed(500).map(|at| at % 20)), KindName::Ordinal);
    assert_eq!(found("x", mixed(500).map(|at| at % 21)), KindName::Number);
    assert_eq!(found("x", mixed(50).map(|at| 1.5 + (at % 5) as f64)), KindName::Number);
}

#[test]
fn identifiers_are_ascending_or_named_so_and_different_in_every_row() {
    assert_eq!(found("x", 1000..1050), KindName::Identifier);
    assert_eq!(found("x", (0..50).map(|at| at * at)), KindName::Identifier);
    // Not ascending, unless the name says so; repeated; too few rows; not whole.
    assert_eq!(found("x", mixed(50)), KindName::Number);
    for name in ["id", "ID", "order_id", "Order ID", "key", "row index", "invoice number", "Unnamed: 0", "#"] {
        assert_eq!(found(name, mixed(50)), KindName::Identifier, "{name}");
    }
    assert_eq!(found("order_id", mixed(50).map(|at| at / 2)), KindName::Number);
    assert_eq!(found("x", (0..50).map(|at| at / 2)), KindName::Number);
    assert_eq!(found("x", 1000..1020), KindName::Number);
    assert_eq!(found("x", 1000..1021), KindName::Identifier);
    assert_eq!(found("x", (0..50).map(|at| at as f64 + 0.5)), KindName::Number);
    // A word of its own in every row; not in 19 rows, and not if one word occurs twice.
    assert_eq!(found("x", (0..20).map(|at| format!("word {at}"))), KindName::Identifier);
    assert_eq!(found("x", (0..19).map(|at| format!("word {at}"))), KindName::Category);
    assert_eq!(found("x", (0..50).map(|at| format!("word {}", at.max(1)))), KindName::Text);
}

#[test]
fn amounts_have_a_long_tail_and_are_not_negative() {
    // Of different orders of magnitude: e^0 to e^19.
    let price = |at: usize| ((at % 20) as f64 + at as f64 / 1000.0).exp();
    assert_eq!(found("price", mixed(200).map(price)), KindName::Amount);
    assert_eq!(found("price", mixed(200).map(|at| if at == 5 { 0.0 } else { price(at) })), KindName::Amount);
    assert_eq!(found("price", mixed(200).map(|at| if at == 5 { -1.0 } else { price(at) })), KindName::Number);
    // Within 0..1, and without a tail.
    assert_eq!(found("price", mixed(200).map(|at| price(at) / 1e9)), KindName::Number);
    assert_eq!(found("price", mixed(200).map(|at| at as f64 + 0.25)), KindName::Number);
}

#[test]
fn words_are_categories_or_text() {
    let towns = ["Rome", "Bern", "Oslo"];
    assert_eq!(found("town", mixed(50).map(|at| towns[at % 3])), KindName::Category);
    // Postal codes begin with 0, so they are words, though those beside them look like numbers.
    let codes = beside("code", mixed(50).map(|at| ["01069", "04103", "09111"][at % 3]));
    assert!(matches!(codes.cell(0, 1), Cell::Word(_)) && codes.text(0, 1) == "01069");
    assert_eq!(schema(&codes, &Asked::default()).columns[1].kind_name(), KindName::Category);
    assert_eq!(found("code", mixed(500).map(|at| 10_000 + at % 100)), KindName::Number);
    for (text, number) in [("0", true), ("0.5", true), ("-0.5", true), ("00", false), ("-01", false), ("1e3", true)] {
        assert_eq!(matches!(beside("x", [text]).cell(0, 1), Cell::Number(_)), number, "{text}");
    }
    // A code is no number: 1069 is another class than 01069.
    let codes = beside("code", (0..60).map(|at| ["01069", "1069", "x", "y"][at % 4]));
    let of = schema(&codes, &Asked::default());
    let (values, _) = of.values(&codes, &[0, 1]).expect("its columns");
    assert_eq!([0, 1].map(|row| of.columns[1].text(values[[row, 1]])), ["01069", "1069"]);
    let of = schema(&beside("code", (0..60).map(|at| ["01069", "x"][at % 2])), &Asked::default());
    let (values, told) = of.values(&beside("code", ["1069", "01069"]), &[0, 1]).expect("its columns");
    assert_eq!([0, 1].map(|row| of.columns[1].text(values[[row, 1]])), ["other", "01069"]);
    assert!(told.lines()[0].contains("\"1069\" in line 2"), "{told:?}");
    // Words that are classes must cover four of five cells; those that occur once are no classes.
    let words = |often: usize| (0..100).map(move |at| if at < often { "same".into() } else { format!("w{at}") });
    assert_eq!(found("x", words(80)), KindName::Category);
    assert_eq!(found("x", words(79)), KindName::Text);
    let of = schema(&beside("x", words(80)), &Asked::default());
    let Kind::Category { classes, shares } = &of.columns[1].kind else { panic!("a category") };
    assert_eq!((&classes[..], &shares[..]), (&["same".to_owned()][..], &[0.8, 0.2][..]));
    // Text in a column of numbers counts as missing, and is told.
    let (number, reason) = kind("x", mixed(50).map(|at| if at < 5 { "see note".into() } else { format!("{at}.5") }));
    assert_eq!(number, KindName::Number);
    assert!(reason.contains("5 cells hold text") && reason.contains("see note"), "{reason}");
    // More words than numbers: a category in which the numbers are classes too.
    let mixed = schema(&beside("x", (0..60).map(|at| ["a", "b", "7"][at % 3])), &Asked::default());
    let Kind::Category { classes, .. } = &mixed.columns[1].kind else { panic!("a category") };
    assert_eq!(*classes, ["7", "a", "b"]);
}

#[test]
fn dates_are_found_and_impossible_ones_are_missing() {
    let day = |at: usize| format!("2020-{:02}-{:02}", 1 + at % 12, 1 + at % 28);
    for (format, text) in [
        ("%Y-%m-%d", ["2020-01-31", "2020-12-01"]),
        ("%d-%b-%y", ["2-Jun-06", "14-Nov-06"]),
        ("%d.%m.%Y", ["31.01.2020", "01.12.2020"]),
        ("%m/%d/%Y", ["01/31/2020", "12/01/2020"]),
        ("%d/%m/%Y", ["31/01/2020", "01/12/2020"]),
        ("%Y-%m-%d %H:%M", ["2020-01-31 10:20", "2020-12-01 00:00"]),
        ("%Y-%m-%dT%H:%M:%S%.fZ", ["2020-01-31T10:20:30Z", "2020-12-01T00:00:00.5Z"]),
    ] {
        let of = schema(&beside("day", (0..40).map(|at| text[at % 2])), &Asked::default());
        let Kind::Date { format: found, .. } = &of.columns[1].kind else { panic!("{text:?}: {:?}", of.columns[1]) };
        assert_eq!(found, format);
    }
    // Which of the two is the month cannot be told, and this is said.
    let (unclear, reason) = kind("day", (0..40).map(|at| format!("0{}/0{}/2020", 1 + at % 9, 1 + at % 7)));
    assert_eq!(unclear, KindName::Date);
    assert!(reason.contains("%d/%m/%Y as well"), "{reason}");
    // 30 February is no day. Numbers and words that look a little like dates are none.
    let table = beside("day", mixed(50).map(|at| if at < 3 { "2020-02-30".into() } else { day(at) }));
    let of = schema(&table, &Asked::default());
    assert_eq!((of.columns[1].kind_name(), of.columns[1].known), (KindName::Date, 47));
    assert!(of.columns[1].reason.contains("2020-02-30"), "{}", of.columns[1].reason);
    let (values, told) = of.values(&table, &rows(&table)).expect("its columns");
    assert_eq!(values.column(1).iter().filter(|value| value.is_nan()).count(), 3);
    assert!(told.lines().iter().any(|line| line.contains("\"day\"") && line.contains("2020-02-30")), "{told:?}");
    // A remark in most cells makes no category of many dates, but one of a few.
    assert_eq!(found("day", mixed(50).map(|at| if at < 26 { "unknown".into() } else { day(at) })), KindName::Date);
    assert_eq!(
        found("day", mixed(50).map(|at| if at < 26 { "unknown".into() } else { day(at % 4) })),
        KindName::Category
    );
    assert_eq!(found("day", mixed(60).map(|at| 20_200_000 + at % 12)), KindName::Number);
    assert_eq!(found("day", mixed(60).map(|at| format!("{}/x", at % 3))), KindName::Category);
}

#[test]
fn wrong_tables_are_named() {
    // A column without any value is left out.
    let of = schema(&table("a,empty,b\n1,,2\n2,NA,3\n3,?,5\n"), &Asked::default());
    assert_eq!(of.columns[1].kind_name(), KindName::Empty);
    assert!(of.columns[1].reason.contains("no value") && of.used().count() == 2);
    // Two columns of one name.
    let error = refused("a,b,c,b\n1,2,3,4\n");
    assert!(error.contains("line 1") && error.contains("columns 2 and 4 are both called \"b\""), "{error}");
    // A row of another length.
    let error = refused("a,b\n1,2\n1,2,3\n");
    assert!(error.contains("line 3") && error.contains("3 cells"), "{error}");
    // Nothing left to learn from.
    let words = (0..50).map(|at| format!("w{at},\n")).collect::<String>();
    let of = table(&format!("name,empty\n{words}"));
    let error = Schema::of(&of, &rows(&of), &Asked::default()).expect_err("no column").to_string();
    assert!(error.contains("no column is left"), "{error}");
    // Rows without any value are no samples.
    let of = table("a,b\n1,2\n,\n?,NA\n3,4\n,5\n");
    assert_eq!((of.len(), of.empty_rows, of.line(1), of.line(2)), (3, 2, 5, 6));
}

#[test]
fn ten_thousand_columns_are_read() {
    let line = |cell: &dyn Fn(usize) -> String| (0..10_000).map(cell).collect::<Vec<_>>().join(",") + "\n";
    let mut text = line(&|at| format!("c{at}"));
    (0..30).for_each(|row| text += &line(&|at| format!("{}.5", (row * 37 + at) % 101)));
    let table = table(&text);
    let schema = schema(&table, &Asked::default());
    assert_eq!((schema.width(), schema.columns[9_999].name.as_str()), (10_000, "c9999"));
    let (values, _) = schema.values(&table, &[29]).expect("its columns");
    assert_eq!(values[[0, 9_999]], ((29 * 37 + 9_999) % 101) as f64 + 0.5);
}

/// One row of a random table. None is a missing cell.
type Row = (Option<f64>, Option<f64>, Option<f64>, Option<usize>, Option<i32>, Option<u8>);

fn row() -> impl Strategy<Value = Row> {
    let some = |values| proptest::option::weighted(0.8, values);
    (
        some((-1e6..1e6_f64).boxed()),
        some((-1e-3..1e-3_f64).prop_map(|x| 1e8 + x).boxed()),
        some((0.0..14.0_f64).prop_map(f64::exp).boxed()),
        proptest::option::weighted(0.8, 0..5_usize),
        proptest::option::weighted(0.8, 0..20_000),
        proptest::option::weighted(0.8, 0..4_u8),
    )
}

const WORDS: [&str; 5] = ["Rome, Italy", "say \"hi\"", "Zürich", "other", "01069"];

fn text_of(rows: &[Row]) -> String {
    fn cell<T>(value: Option<T>, text: impl Fn(T) -> String) -> String {
        value.map_or(String::new(), text)
    }
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let line = |row: &Row| {
        let cells = [
            cell(row.0, |x| x.to_string()),
            cell(row.1, |x| format!("{x:?}")),
            cell(row.2, |x| x.to_string()),
            cell(row.3, |at| quoted(WORDS[at])),
            cell(row.4, |day| format!("{}.{}.{:04}", 10 + day % 19, 10 + day % 3, 1970 + day % 130)),
            cell(row.5, |level| level.to_string()),
        ];
        cells.join(",") + "\n"
    };
    "x,large,amount,word,day,level\n".to_owned() + &rows.iter().map(line).collect::<String>()
}

const KINDS: [KindName; 6] =
    [KindName::Number, KindName::Number, KindName::Amount, KindName::Category, KindName::Date, KindName::Ordinal];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Values of the network become the values of the table again, and these the text of the cell.
    #[test]
    fn decoding_undoes_encoding(
        others in proptest::collection::vec(row(), 1..60),
        scaling in prop_oneof![Just(Scaling::Standard), Just(Scaling::MinMax), Just(Scaling::None)],
    ) {
        let whole: Row = (Some(1.5), Some(1e8), Some(2.0), Some(1), Some(9), Some(1));
        let table = table(&text_of(&[&[whole][..], &others].concat()));
        let kinds = table.names.iter().cloned().zip(KINDS).map(|(name, kind)| (name, kind, None)).collect();
        let schema = schema(&table, &Asked { kinds, scaling, ..Asked::default() });
        prop_assert!(schema.check().is_ok());
        let (values, told) = schema.values(&table, &rows(&table)).expect("its columns");
        for (row, values) in values.rows().into_iter().enumerate() {
            let mut encoded = Vec::new();
            schema.encode(values.iter().copied(), |value| encoded.push(value));
            prop_assert_eq!(encoded.len(), schema.width());
            let mut start = 0;
            for (at, (column, back)) in schema.used().zip(schema.decode(&encoded)).enumerate() {
                let own = &encoded[start..start + column.width()];
                start += column.width();
                if table.cell(row, at) == Cell::Missing {
                    prop_assert!(values[at].is_nan() && own.iter().all(|value| value.is_nan()));
                    continue;
                }
                prop_assert!((back - values[at]).abs() <= 1e-9 * (1.0 + values[at].abs()), "{} {}", back, values[at]);
                let [text, cell] = [column.text(back), table.text(row, at)];
                match &column.kind {
                    Kind::Category { classes, .. } if text == "other" => {
                        let is_class = classes.contains(&"other".to_owned()) && cell == "other";
                        prop_assert!(is_class || !classes.contains(&cell), "{}", cell);
                    }
                    Kind::Category { .. } | Kind::Date { .. } | Kind::Ordinal { .. } => prop_assert_eq!(text, cell),
                    Kind::Number { .. } | Kind::Amount { .. } | Kind::LeftOut { .. } => {}
                }
                let bounded = scaling == Scaling::MinMax && !matches!(column.kind, Kind::Category { .. });
                prop_assert!(!bounded || own.iter().all(|value| (-1e-12..=1.0 + 1e-12).contains(value)), "{:?}", own);
            }
        }
        let lines = told.lines();
        prop_assert!(lines.iter().all(|line| line.contains("no known class") || line.contains("without any value")));
    }

    /// Nothing is learnt from rows that are held out.
    #[test]
    fn rows_that_are_held_out_teach_nothing(
        train in proptest::collection::vec(row(), 5..40),
        one in proptest::collection::vec(row(), 4),
        two in proptest::collection::vec(row(), 4),
        fill in prop_oneof![Just(None), Just(Some(Fill::Mean)), Just(Some(Fill::Zero))],
        scaling in prop_oneof![Just(Scaling::Standard), Just(Scaling::MinMax)],
    ) {
        let whole: Row = (Some(1.5), Some(1e8), Some(2.0), Some(1), Some(9), Some(1));
        let train = [&[whole][..], &train].concat();
        let asked = Asked { fill, scaling, ..Asked::default() };
        let of = |held_out: &[Row]| {
            // Held-out rows come first, so that their words are met first.
            let table = table(&text_of(&[held_out, &train].concat()));
            let rows: Vec<usize> = (table.len() + table.empty_rows - train.len()..table.len()).collect();
            (table.empty_rows == 0).then(|| Schema::of(&table, &rows, &asked).expect("columns"))
        };
        let odd: Row = (Some(1e300), Some(-1.0), Some(0.0), Some(4), None, Some(200));
        if let (Some(one), Some(two), Some(odd)) = (of(&one), of(&two), of(&[odd; 4])) {
            prop_assert_eq!(&one, &two);
            prop_assert_eq!(&one, &odd);
        }
    }
}

/// The rows that are held out are a tenth, they depend on the seed, and each class has its share of them.
#[test]
fn held_out_rows_have_their_share_of_each_class() {
    let line = |at: usize| format!("{at}.5,{}\n", if at < 150 { "a" } else { "b" });
    let table = table(&("x,label\n".to_owned() + &(0..200).map(line).collect::<String>()));
    let (train, held_out, _) = rows_of(&table, &rows(&table), Some(1)).expect("rows");
    assert_eq!((train.len(), held_out.len()), (180, 20));
    assert_eq!(held_out.iter().filter(|&&row| row < 150).count(), 15);
    assert!(held_out.iter().all(|row| !train.contains(row)));
    assert_ne!(rows_of(&table, &rows(&table), Some(2)).expect("rows").1, held_out);
    let (samples, ..) = samples_of(&table, &schema(&table, &Asked::default()), &held_out).expect("samples");
    assert_eq!((samples.len(), samples.features()), (20, 1));
}

/// A model of a table with these columns, as a file that is then read.
fn read_again(of: &Schema) -> Result<Schema, String> {
    let mut spec = Deep { layers: vec![2], loss: LossKind::Mse, ..Deep::default() }.spec(&[of.width()]);
    spec.encoder.insert(0, LayerSpec::Mask { rate: 0.2 });
    spec.table = Some(of.clone());
    let network = Network::<f32>::new(&spec).map_err(|error| error.to_string())?;
    let bytes = file::encode(&network, &network.init(1)).map_err(|error| error.to_string())?;
    let (network, _) = file::decode(&bytes).map_err(|error| error.to_string())?;
    Ok(network.spec().table.clone().expect("a table"))
}

#[test]
fn a_model_file_keeps_the_table_and_refuses_numbers_that_are_not_valid() {
    let rows: Vec<Row> = (0..60)
        .map(|at| {
            let value = f64::from(at * 37 % 60);
            (
                Some(value / 7.0),
                Some(1e8 + value),
                Some(value.exp()),
                Some(at as usize % 3),
                Some(at),
                Some(at as u8 % 4),
            )
        })
        .collect();
    let table = table(&text_of(&rows));
    let kinds: Vec<_> = table.names.iter().cloned().zip(KINDS).map(|(name, kind)| (name, kind, None)).collect();
    let of = schema(&table, &Asked { kinds, fill: Some(Fill::Mean), ..Asked::default() });
    assert_eq!(read_again(&of).expect("valid"), of);

    fn scale(kind: &mut Kind) -> Option<&mut handgrad_dataset::tables::Linear> {
        match kind {
            Kind::Number { scale } | Kind::Amount { scale, .. } => Some(scale),
            Kind::Ordinal { scale, .. } | Kind::Date { scale, .. } => Some(scale),
            Kind::Category { .. } | Kind::LeftOut { .. } => None,
        }
    }
    let mut wrong = 0;
    let mut refuse = |at: usize, change: &dyn Fn(&mut Kind)| {
        let mut changed = of.clone();
        change(&mut changed.columns[at].kind);
        if changed != of {
            let read = read_again(&changed);
            assert!(read.is_err(), "{:?} was read", changed.columns[at]);
            wrong += 1;
        }
    };
    for at in 0..6 {
        for value in [f64::NAN, f64::INFINITY, -1.0, 0.0] {
            refuse(at, &|kind| scale(kind).into_iter().for_each(|scale| scale.factor = value));
            refuse(at, &|kind| {
                if let Kind::Amount { unit, .. } = kind {
                    *unit = value
                }
            });
        }
        for value in [f64::NAN, f64::NEG_INFINITY] {
            refuse(at, &|kind| scale(kind).into_iter().for_each(|scale| scale.offset = value));
            refuse(at, &|kind| {
                if let Kind::Ordinal { levels, .. } = kind {
                    levels[1] = value
                }
            });
        }
        for value in [f64::NAN, 1.5, -0.1] {
            refuse(at, &|kind| {
                if let Kind::Category { shares, .. } = kind {
                    shares[1] = value
                }
            });
        }
        for format in ["%Q", "%", "%H", "%I", "", "%Y-%m-%d %Q"] {
            refuse(at, &|kind| {
                if let Kind::Date { format: own, .. } = kind {
                    *own = format.to_owned()
                }
            });
        }
    }
    assert_eq!(wrong, 5 * 4 + 4 + 5 * 2 + 2 + 3 + 6);
}

/// With `fill mean` a hole gets the mean of the training rows, whatever the scale: of dates the middle day.
#[test]
fn fill_values_do_not_depend_on_the_scale() {
    let text = "x,day,word\n1,2021-01-01,a\n2,2021-01-04,b\n6,2021-01-13,b\n,,\n,2021-01-14,\n";
    for scaling in [Scaling::Standard, Scaling::MinMax, Scaling::None] {
        for (fill, x) in [(Fill::Mean, "3"), (Fill::Zero, "0")] {
            let kinds = vec![("x".into(), KindName::Number, None)];
            let of = schema(&table(text), &Asked { scaling, fill: Some(fill), kinds, ..Asked::default() });
            let filled: Vec<String> = of.columns.iter().map(|c| c.text(c.fill.expect("a fill value"))).collect();
            assert_eq!(filled, [x, "2021-01-08", "b"], "{scaling:?}");
        }
    }
}

/// Numbers that a 32-bit number cannot hold have no scale.
#[test]
fn numbers_that_are_too_large_are_named() {
    for scaling in [Scaling::Standard, Scaling::MinMax] {
        let table = beside("x", mixed(50).map(|at| format!("{}e200", at as f64 - 24.5)));
        let asked = Asked { scaling, ..Asked::default() };
        let error = Schema::of(&table, &rows(&table), &asked).expect_err("too large").to_string();
        assert!(error.contains("\"x\"") && error.contains("e201") && error.contains("32-bit"), "{error}");
        let ignored = Asked { ignore: vec!["x".into()], ..asked };
        assert_eq!(schema(&table, &ignored).used().count(), 1, "a column that is left out may hold them");
    }
}

/// A format of a date that does not exist, or with which a day cannot be written, is refused when it is asked for.
#[test]
fn formats_of_dates_are_checked() {
    let table = beside("day", (0..40).map(|at| format!("2020-01-{:02}", 1 + at % 28)));
    for format in ["%Q", "%", "%H", "%I:%M", "day", "%d"] {
        let asked = Asked { kinds: vec![("day".into(), KindName::Date, Some(format.into()))], ..Asked::default() };
        let error = Schema::of(&table, &rows(&table), &asked).expect_err(format).to_string();
        assert!(error.contains("day") && error.contains(format), "{format}: {error}");
    }
}
