// Command lambda is the webhook alone, as an AWS Lambda function.
package main

import (
	"pilothandbook/functions/stripehook"
	"pilothandbook/router/lambda"
)

func main() { lambda.Serve(stripehook.Routes) }
