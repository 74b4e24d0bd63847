// Package offline makes a version into a package that a device can keep and
// read without network.
//
// A package is a manifest and files: the outline, the lessons as JSON, and
// what they show. Files are named by their path in the package and fetched by
// the SHA-256 of their sealed bytes; equal content has equal sealed bytes in
// every version of a module, so that an update fetches what changed and
// nothing else (see package seal). The same version gives the same package.
//
// A module's key is kept wrapped, and given out by licences only.
package offline
