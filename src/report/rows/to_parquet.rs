//! Parquet: typed columns, compressed, as data frames and databases read them.

use std::io::{self, Write};
use std::sync::Arc;

use jiff::Timestamp;
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{BoolType, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{
    SerializedColumnWriter, SerializedFileWriter, SerializedRowGroupWriter,
};
use parquet::schema::types::Type;

use super::{Column, RowsError, Value};
use crate::run::RunError;

/// Rows that are in memory at once.
const GROUP: usize = 5_000;

/// Writes a file of these rows. Texts are as they were recorded: other programs read them, not
/// people.
///
/// # Errors
/// A row could not be read, or the file could not be written.
pub fn write_parquet<R>(
    columns: &[Column<R>],
    rows: impl Iterator<Item = Result<R, RunError>>,
    to: impl Write + Send,
) -> Result<(), RowsError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(format!("offswitch {}", env!("CARGO_PKG_VERSION")))
        .build();
    let schema = Arc::new(schema(columns)?);
    let mut file = SerializedFileWriter::new(to, schema, Arc::new(properties))?;
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        let group: Vec<R> = rows.by_ref().take(GROUP).collect::<Result<_, _>>()?;
        let mut writer = file.next_row_group()?;
        for column in columns {
            write(&mut writer, &column.value, &group)?;
        }
        writer.close()?;
    }
    file.close()?;
    Ok(())
}

fn schema<R>(columns: &[Column<R>]) -> Result<Type, ParquetError> {
    let fields = columns.iter().map(|column| {
        let (physical, logical) = kinds(&column.value);
        Type::primitive_type_builder(column.name, physical)
            .with_logical_type(logical)
            .with_repetition(Repetition::OPTIONAL)
            .build()
            .map(Arc::new)
    });
    Type::group_type_builder("row")
        .with_fields(fields.collect::<Result<_, _>>()?)
        .build()
}

fn kinds<R>(value: &Value<R>) -> (Physical, Option<LogicalType>) {
    match value {
        Value::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Value::Truth(_) => (Physical::BOOLEAN, None),
        Value::Whole(_) => (Physical::INT64, None),
        Value::Real(_) => (Physical::DOUBLE, None),
        Value::Time(_) => (
            Physical::INT64,
            Some(LogicalType::timestamp(true, TimeUnit::MICROS)),
        ),
    }
}

fn write<R, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    value: &Value<R>,
    rows: &[R],
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General("a column too many".into()));
    };
    match value {
        Value::Text(of) => {
            let texts = rows.iter().map(of);
            fill::<ByteArrayType>(
                &mut column,
                texts.map(|text| text.map(|text| text.into_bytes().into())),
            )?;
        }
        Value::Truth(of) => fill::<BoolType>(&mut column, rows.iter().map(of))?,
        Value::Whole(of) => fill::<Int64Type>(&mut column, rows.iter().map(of))?,
        Value::Real(of) => fill::<DoubleType>(&mut column, rows.iter().map(of))?,
        Value::Time(of) => {
            let times = rows.iter().map(of);
            fill::<Int64Type>(
                &mut column,
                times.map(|time| time.map(Timestamp::as_microsecond)),
            )?;
        }
    }
    column.close()
}

/// Writes a column's values. A level of 0 says that a row has none.
fn fill<T: DataType>(
    column: &mut SerializedColumnWriter<'_>,
    values: impl Iterator<Item = Option<T::T>>,
) -> Result<(), ParquetError> {
    let mut levels = Vec::new();
    let mut present = Vec::new();
    for value in values {
        levels.push(i16::from(value.is_some()));
        present.extend(value);
    }
    let writer = column.typed::<T>();
    writer.write_batch(&present, Some(&levels), None)?;
    Ok(())
}

impl From<ParquetError> for RowsError {
    fn from(error: ParquetError) -> Self {
        // What the operating system said, such as that a reader went away.
        let ParquetError::External(source) = error else {
            return Self::Write(io::Error::other(error));
        };
        let source = source.downcast::<io::Error>();
        Self::Write(source.map_or_else(io::Error::other, |error| *error))
    }
}
