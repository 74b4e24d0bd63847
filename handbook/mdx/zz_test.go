package mdx_test
import ("testing";"os";"path/filepath";"pilothandbook/handbook/mdx")
func BenchmarkZZ(b *testing.B){
 paths,_:=filepath.Glob("../../content/*/lessons/*.mdx")
 var srcs [][]byte
 for _,p:=range paths { s,_:=os.ReadFile(p); srcs=append(srcs,s) }
 b.ReportAllocs()
 for b.Loop() { for _,s:=range srcs { mdx.Render("lessons/a.mdx",s,files) } }
}
