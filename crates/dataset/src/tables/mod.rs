//! Tables of columns of different kinds, as people have them: numbers, amounts of money, categories and dates, with
//! missing values and with text in places where it does not belong.
//!
//! [`read`] reads the cells of a file. A [`Schema`] says what each column is and how its values become numbers of the
//! network; it is made from the training rows alone, and is kept in the model file. [`Schema::values`] then turns any
//! table with the same columns into samples: columns are matched by name, and nothing is learnt from the table.
//!
//! ```
//! use handgrad_dataset::csv::Label;
//! use handgrad_dataset::tables::{Asked, Schema, decode};
//!
//! let text = "city,price\nRome,3.5\nBern,4.5\nRome,\n";
//! let table = decode(text.as_bytes(), "towns.csv".as_ref(), &Label::ByName, None, None, &())?;
//! let schema = Schema::of(&table, &[0, 1, 2], &Asked::default())?;
//! assert_eq!(schema.width(), 4); // Rome, Bern and other; then the price
//! # Ok::<(), handgrad_dataset::Error>(())
//! ```

pub(crate) mod date;
mod error;
mod fit;
mod guess;
mod holes;
mod parts;
mod reader;
mod schema;
mod table;
mod told;
mod values;

pub use error::ColumnError;
pub use guess::KindName;
pub use holes::{Filled, fill_holes};
pub(crate) use parts::load;
pub use parts::{rows_of, samples_of};
pub use reader::{decode, read};
pub(crate) use reader::{decode_steps, read_steps};
pub use schema::{Asked, Column, Kind, Linear, Scaling, Schema};
pub use table::{Cell, Table};
pub use told::Told;
