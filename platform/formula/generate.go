package formula

// What is embedded is the package that temml/package-lock.json pins. To renew
// it, change the version in temml/package.json, and run
//
//	npm --prefix temml install && go generate . && go test . -update

//go:generate npm --prefix temml ci --no-audit --no-fund --loglevel=error
//go:generate cp temml/node_modules/temml/dist/temml.min.js temml/node_modules/temml/LICENSE temml/
