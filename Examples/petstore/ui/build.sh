#!/bin/sh
# Makes app/static_site/ from ui/src: a page for each line of pets.txt, the other pages, and a manifest of them all.
#
# A stand-in for a bundler: it empties the folder first, then writes file after file, over PETSTORE_PACE seconds.
# What it writes follows from ui/src alone, byte for byte.
set -eu
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")/.."
src=ui/src
out=app/static_site

# One short rest after every tenth page; there are about 200 pages.
rest=$(awk -v pace="${PETSTORE_PACE:-2}" 'BEGIN { printf "%.3f", pace / 20 }')

mkdir -p $out
find $out -mindepth 1 -delete
mkdir $out/pets $out/assets

header=$(cat $src/header.html)
footer=$(cat $src/footer.html)

# page PATH TITLE BODY
page() {
    printf '%s\n<title>%s</title>\n%s\n%s\n' "$header" "$2" "$3" "$footer" >"$out/$1"
}

cat $src/style.css >$out/assets/style.css

count=0
list=
while IFS='|' read -r slug name kind line; do
    [ -n "$slug" ] || continue
    page "pets/$slug.html" "$name" "<h1>$name</h1>
<p class=\"kind\">$kind</p>
<p>$line</p>"
    list="$list<li><a href=\"/pets/$slug.html\">$name</a>, $kind</li>
"
    count=$((count + 1))
    [ $((count % 10)) -ne 0 ] || sleep "$rest"
done <$src/pets.txt

for body in "$src"/pages/*.html; do
    name=$(basename "$body" .html)
    page "$name.html" "$name" "$(cat "$body")"
done
page pets.html "$count pets" "<ul>
$list</ul>"

# The last file names every other one with its hash: a copy of half a site gives itself away.
manifest=$(cd $out && find . -type f | sort | xargs sha256sum)
printf '%s\n' "$manifest" >$out/manifest.txt
