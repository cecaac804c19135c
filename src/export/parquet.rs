//! Parquet, with types that its readers take for dates, times and decimals without a cast.
//!
//! | kind | Parquet type |
//! |---|---|
//! | date | INT32, DATE |
//! | time | INT64, TIMESTAMP in microseconds, UTC |
//! | integer | INT64 |
//! | USD per BTC | INT64, DECIMAL(18, 8) |
//! | real | DOUBLE |
//! | boolean | BOOLEAN |
//! | text | BYTE_ARRAY, STRING |
//!
//! Rows are held until a row group is full and then written column by column; what is in memory does not grow with
//! the table.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, Encoding, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{ColumnPath, Type};

use super::{Column, Kind, Sink, Value};

/// Rows of a row group: enough for a reader to work on at a time, and 15 MB of outputs while it is filled.
pub const GROUP_ROWS: usize = 1 << 19;

/// Past this a column of many different values leaves the dictionary: 8,192 numbers.
const DICTIONARY_BYTES: usize = 64 << 10;

/// Digits behind the point of a price: those of the sats of a bitcoin. Ten stay before it, so any price up to
/// $9,999,999,999 fits; an INT64 holds no more than 18 in all.
pub const USD_SCALE: u32 = 8;
const USD_DIGITS: u32 = 18;

/// Writes Parquet. What it has written is no Parquet file before [`Sink::finish`].
pub struct Parquet<W: Write + Send> {
    /// Taken by the first call of `columns`.
    out: Option<W>,
    writer: Option<SerializedFileWriter<W>>,
    buffers: Vec<Buffer>,
    rows: usize,
}

impl<W: Write + Send> Parquet<W> {
    /// A table on `out`.
    pub fn new(out: W) -> Parquet<W> {
        Parquet {
            out: Some(out),
            writer: None,
            buffers: Vec::new(),
            rows: 0,
        }
    }

    fn write_group(&mut self) -> io::Result<()> {
        let writer = self.writer.as_mut().ok_or_else(out_of_turn)?;
        let mut group = writer.next_row_group().map_err(io_error)?;
        for buffer in &mut self.buffers {
            let column = group.next_column().map_err(io_error)?;
            let mut column = column.ok_or_else(out_of_turn)?;
            buffer.write(&mut column).map_err(io_error)?;
            column.close().map_err(io_error)?;
        }
        group.close().map_err(io_error)?;
        self.rows = 0;
        Ok(())
    }
}

impl<W: Write + Send> Sink for Parquet<W> {
    fn columns(&mut self, columns: &[Column]) -> io::Result<()> {
        let out = self.out.take().ok_or_else(out_of_turn)?;
        let schema = schema(columns).map_err(io_error)?;
        let properties = Arc::new(properties(columns));
        self.writer =
            Some(SerializedFileWriter::new(out, Arc::new(schema), properties).map_err(io_error)?);
        self.buffers = columns.iter().copied().map(Buffer::new).collect();
        Ok(())
    }

    fn row(&mut self, values: &[Value]) -> io::Result<()> {
        for (buffer, value) in self.buffers.iter_mut().zip(values) {
            buffer.push(value)?;
        }
        self.rows += 1;
        if self.rows == GROUP_ROWS {
            self.write_group()?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        if self.rows > 0 {
            self.write_group()?;
        }
        let writer = self.writer.as_mut().ok_or_else(out_of_turn)?;
        writer.finish().map_err(io_error)?;
        writer.inner_mut().flush()
    }
}

fn schema(columns: &[Column]) -> Result<Type, ParquetError> {
    let fields: Result<Vec<_>, _> = columns.iter().map(|c| field(c).map(Arc::new)).collect();
    Type::group_type_builder("schema")
        .with_fields(fields?)
        .build()
}

fn field(column: &Column) -> Result<Type, ParquetError> {
    let (physical, logical) = match column.kind {
        Kind::Date => (Physical::INT32, Some(LogicalType::Date)),
        Kind::Time => (
            Physical::INT64,
            Some(LogicalType::timestamp(true, TimeUnit::MICROS)),
        ),
        Kind::Integer => (Physical::INT64, None),
        Kind::Usd => {
            let logical = LogicalType::decimal(USD_SCALE as i32, USD_DIGITS as i32); // 8 and 18
            (Physical::INT64, Some(logical))
        }
        Kind::Real => (Physical::DOUBLE, None),
        Kind::Boolean => (Physical::BOOLEAN, None),
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
    };
    let mut builder = Type::primitive_type_builder(column.name, physical)
        .with_logical_type(logical)
        .with_repetition(if column.nullable {
            Repetition::OPTIONAL
        } else {
            Repetition::REQUIRED
        });
    if column.kind == Kind::Usd {
        builder = builder
            .with_precision(USD_DIGITS as i32)
            .with_scale(USD_SCALE as i32);
    }
    builder.build()
}

fn properties(columns: &[Column]) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        // The rows are in order of the day, so a group's range is as good as a page's; and these would pile up in
        // memory until the end.
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true);
    for column in columns {
        if matches!(column.kind, Kind::Time | Kind::Integer | Kind::Usd) {
            // Amounts ascend within a block, heights and times from block to block: their steps are small.
            properties = properties
                .set_column_encoding(ColumnPath::from(column.name), Encoding::DELTA_BINARY_PACKED);
        }
    }
    properties.build()
}

/// The values of a column until its row group is written.
struct Buffer {
    column: Column,
    values: Values,
    /// For each row 1 where there is a value and 0 where there is none; not kept for a column that has no NULL.
    defined: Vec<i16>,
}

enum Values {
    Int(Vec<i32>),
    Long(Vec<i64>),
    Double(Vec<f64>),
    Boolean(Vec<bool>),
    Text(Vec<ByteArray>),
}

impl Buffer {
    fn new(column: Column) -> Buffer {
        let values = match column.kind {
            Kind::Date => Values::Int(Vec::new()),
            Kind::Time | Kind::Integer | Kind::Usd => Values::Long(Vec::new()),
            Kind::Real => Values::Double(Vec::new()),
            Kind::Boolean => Values::Boolean(Vec::new()),
            Kind::Text => Values::Text(Vec::new()),
        };
        Buffer {
            column,
            values,
            defined: Vec::new(),
        }
    }

    fn push(&mut self, value: &Value) -> io::Result<()> {
        let refused = || {
            invalid(format!(
                "{value:?} does not fit the column {}",
                self.column.name
            ))
        };
        let null = match value {
            Value::Null => true,
            // As in the other formats: what is not finite is no number.
            Value::Real(value) => !value.is_finite(),
            _ => false,
        };
        if null && !self.column.nullable {
            return Err(refused());
        }
        if null {
            self.defined.push(0);
            return Ok(());
        }
        match (&mut self.values, self.column.kind, value) {
            (Values::Int(values), Kind::Date, Value::Date(day)) => values.push(*day),
            (Values::Long(values), Kind::Time, Value::Time(seconds)) => {
                values.push(seconds.checked_mul(1_000_000).ok_or_else(refused)?);
            }
            (Values::Long(values), Kind::Integer, Value::Integer(value)) => values.push(*value),
            (Values::Long(values), Kind::Usd, Value::Real(usd)) => {
                values.push(decimal(*usd).ok_or_else(refused)?);
            }
            (Values::Double(values), Kind::Real, Value::Real(value)) => values.push(*value),
            (Values::Boolean(values), Kind::Boolean, Value::Boolean(value)) => values.push(*value),
            (Values::Text(values), Kind::Text, Value::Text(text)) => {
                values.push(ByteArray::from(text.as_str()));
            }
            _ => return Err(refused()),
        }
        if self.column.nullable {
            self.defined.push(1);
        }
        Ok(())
    }

    fn write(&mut self, column: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        let defined = self.column.nullable.then_some(self.defined.as_slice());
        macro_rules! write {
            ($type:ty, $values:expr) => {{
                column
                    .typed::<$type>()
                    .write_batch($values, defined, None)?;
                $values.clear();
            }};
        }
        match &mut self.values {
            Values::Int(values) => write!(Int32Type, values),
            Values::Long(values) => write!(Int64Type, values),
            Values::Double(values) => write!(DoubleType, values),
            Values::Boolean(values) => write!(BoolType, values),
            Values::Text(values) => write!(ByteArrayType, values),
        }
        self.defined.clear();
        Ok(())
    }
}

/// USD per BTC in units of 10^-8, `None` where it has more than [`USD_DIGITS`] digits.
fn decimal(usd: f64) -> Option<i64> {
    let units = (usd * 10f64.powi(USD_SCALE as i32)).round();
    // The cast is exact: whole, and within the range of an i64.
    (units.abs() < 10f64.powi(USD_DIGITS as i32)).then_some(units as i64)
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Columns are told once, before the rows.
fn out_of_turn() -> io::Error {
    invalid("the columns of a Parquet file come once and first".to_string())
}

/// The error of the output itself where it is one: a broken pipe must still be known as one.
fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(source) => io::Error::other(source),
        },
        other => io::Error::other(other),
    }
}
