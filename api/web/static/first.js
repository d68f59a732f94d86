// The cursor stands where a page begins, unless whoever opened the page is somewhere in it already.
if (document.activeElement === document.body) document.querySelector("[data-first]")?.focus();
