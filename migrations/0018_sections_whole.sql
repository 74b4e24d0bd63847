-- +goose Up

-- A section's text and its words stay in the row: ranking reads the words of
-- some hundred rows, and to fetch each from aside cost an eighth of a search. What is
-- there moves when its version is indexed again.
ALTER TABLE sections SET (toast_tuple_target = 8160);
