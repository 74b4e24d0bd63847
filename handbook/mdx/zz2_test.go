package mdx_test
import ("testing";"os";"path/filepath";"regexp";"fmt";"pilothandbook/handbook/mdx")
func TestZZ(t *testing.T){
 paths,_:=filepath.Glob("../../content/*/lessons/*.mdx")
 n:=map[string]int{}
 for _,p:=range paths { s,_:=os.ReadFile(p); l,f:=mdx.Render("lessons/"+filepath.Base(p),s,files); if len(f)>0 {t.Log(f)}
  for _,m:=range regexp.MustCompile(`<(\w+) `).FindAllStringSubmatch(l.HTML,-1) { n[m[1]]++ } 
  if _,ok:=mdx.Shortcut(l.HTML);!ok {t.Log(p)}
 }
 fmt.Println(n)
}
