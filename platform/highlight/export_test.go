package highlight

// Languages are those that are coloured.
var Languages = languages
