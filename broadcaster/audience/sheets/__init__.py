"""Tables as spreadsheets and databases write them: CSV, TSV, XLSX and ODS, within bounds."""
