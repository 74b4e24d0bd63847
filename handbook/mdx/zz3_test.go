package mdx_test
import ("testing";"strings";"pilothandbook/handbook/mdx")
func BenchmarkTag(b *testing.B){
 for _,t:=range []string{`<h2 id="why-the-numbers-differ">`,`<p>`,`</p>`,`<img src="/media/0a1b/vfr.svg" alt="Schematic side view" width="640" height="360" loading="lazy" decoding="async">`,`<th scope="col">`} {
 s:=strings.Repeat(t,20)
 b.Run(t[:3],func(b *testing.B){ for b.Loop() { mdx.Authority(s) } })
 }
}
