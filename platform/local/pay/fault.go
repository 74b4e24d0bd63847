package pay

import (
	"errors"
	"fmt"
	"net/http"
)

const (
	invalidRequest   = "invalid_request_error"
	idempotencyError = "idempotency_error"
)

// apiError is a refusal in Stripe's form.
type apiError struct {
	status int

	Type    string `json:"type"`
	Code    string `json:"code,omitempty"`
	Param   string `json:"param,omitempty"`
	Message string `json:"message"`
}

// Error returns the message for the caller.
func (e *apiError) Error() string { return e.Message }

func invalid(code, param, format string, args ...any) *apiError {
	return &apiError{
		status: http.StatusBadRequest, Type: invalidRequest,
		Code: code, Param: param, Message: fmt.Sprintf(format, args...),
	}
}

// noSuch says that an id leads nowhere; param is the parameter that held it.
func noSuch(kind, id, param string) *apiError {
	e := invalid("resource_missing", param, "No such %s: '%s'", kind, id)
	e.status = http.StatusNotFound
	return e
}

func unauthorized(format string, args ...any) *apiError {
	e := invalid("", "", format, args...)
	e.status = http.StatusUnauthorized
	return e
}

// broken is a failure of Stripe's own.
func broken() *apiError {
	return &apiError{status: http.StatusInternalServerError, Type: "api_error", Message: "An unexpected error occurred."}
}

// refusal turns any error into one for the caller. What is not meant for the
// caller is said in the log only.
func refusal(err error) *apiError {
	if e, ok := errors.AsType[*apiError](err); ok {
		return e
	}
	return &apiError{
		status: http.StatusInternalServerError, Type: "api_error",
		Message: "The stand-in for Stripe failed; its log says why.",
	}
}
