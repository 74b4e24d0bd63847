package operate

// Diagnose is Doctor, who asks Cloudinary by a way.
var Diagnose = diagnose
