// What is wrong with how a page looks, in words, measured on the page itself. Run by looks.py.

(finger) => {
  // Where what is drawn last lies over the rest, whatever takes the mouse's presses.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("* { pointer-events: auto !important }");
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const faults = [];
  const name = (element) =>
    `<${element.tagName.toLowerCase()} class="${element.getAttribute("class") ?? ""}">` +
    ` ${(element.textContent ?? "").trim().slice(0, 40)}`;
  const scrolls = (style, way) => ["auto", "scroll"].includes(style[`overflow${way}`]);
  const pageScrolls = getComputedStyle(document.body).overflowY !== "hidden";
  const modal = document.querySelector("dialog[open]");
  const counts = (element) => modal === null || modal.contains(element);

  // What is seen of a box within all that cuts it off.
  const clipped = (element, { left, right, top, bottom }) => {
    const box = { left, right, top, bottom };
    for (let clip = element.parentElement; clip && clip !== document.body; clip = clip.parentElement) {
      const { overflowX, overflowY } = getComputedStyle(clip);
      if (overflowX === "visible" && overflowY === "visible") continue;
      const edge = clip.getBoundingClientRect();
      box.left = Math.max(box.left, edge.left);
      box.right = Math.min(box.right, edge.right);
      box.top = Math.max(box.top, edge.top);
      box.bottom = Math.min(box.bottom, edge.bottom);
    }
    return box;
  };
  const isOpaque = (element) => {
    const [, alpha = "1"] = /^rgba\(.*, ([0-9.]+)\)$/.exec(getComputedStyle(element).backgroundColor) ?? [];
    return element.matches("img") || Number(alpha) > 0.5;
  };
  const isCovered = (element, x, y) => {
    const pile = document.elementsFromPoint(x, y);
    const above = pile.slice(0, pile.findIndex((each) => element.contains(each) || each.contains(element)));
    return above.some(isOpaque);
  };

  if (document.documentElement.scrollWidth > innerWidth) faults.push("the page scrolls sideways");
  for (const element of document.querySelectorAll("body *")) {
    const style = getComputedStyle(element);
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    // Tables may, within a place that the keyboard reaches.
    if (element.matches("[tabindex]") && element.querySelector("table")) continue;
    if (scrolls(style, "X") && element.scrollWidth > element.clientWidth + 1) {
      faults.push(`scrolls sideways: ${name(element)}`);
    }
  }

  // What is seen of each line of text. What marks a place of a film moves with it, as one likes.
  const lines = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const parent = node.parentElement;
    if (!node.data.trim() || parent.closest("noscript, .visually-hidden, option") || !counts(parent)) continue;
    if (!parent.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const { left, right, top, bottom } of range.getClientRects()) {
      if (right - left < 2 || bottom - top < 2) continue;
      const box = { left, right, top, bottom };
      let reachable = parent.closest(".point-frame") !== null;
      let cut = "";
      for (let clip = parent; clip && clip !== document.body; clip = clip.parentElement) {
        const style = getComputedStyle(clip);
        if (style.overflowX === "visible" && style.overflowY === "visible") continue;
        const edge = clip.getBoundingClientRect();
        const outside =
          box.left < edge.left - 1 || box.right > edge.right + 1 || box.top < edge.top - 2 || box.bottom > edge.bottom + 2;
        reachable ||= scrolls(style, "Y") || scrolls(style, "X");
        const shortened = style.textOverflow === "ellipsis" && clip.closest("[title], .tile, summary");
        if (outside && !reachable && !shortened) cut = `cut off: ${name(parent)} by ${name(clip)}`;
        box.left = Math.max(box.left, edge.left);
        box.right = Math.min(box.right, edge.right);
        box.top = Math.max(box.top, edge.top);
        box.bottom = Math.min(box.bottom, edge.bottom);
      }
      if (cut) faults.push(cut);
      if (box.right - box.left < 2 || box.bottom - box.top < 2) continue;
      const beside = box.left < -1 || box.right > innerWidth + 1;
      if (beside || box.top < -1 || box.bottom > innerHeight + 1) {
        if (!reachable && (beside || !pageScrolls)) faults.push(`outside the window: ${name(parent)}`);
        continue;
      }
      if (!isCovered(parent, (box.left + box.right) / 2, (box.top + box.bottom) / 2)) lines.push({ parent, box });
    }
  }
  for (const [index, one] of lines.entries()) {
    for (const other of lines.slice(index + 1)) {
      if (one.parent === other.parent) continue;
      const across = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
      const down = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
      if (across > 1 && down > 3) faults.push(`text over text: ${name(one.parent)} and ${name(other.parent)}`);
    }
  }

  const buttons = [...document.querySelectorAll("button, summary, select, input, nav a")].filter(
    (element) => counts(element) && element.checkVisibility({ visibilityProperty: true, opacityProperty: true }),
  );
  const boxes = [];
  for (const button of buttons) {
    const box = button.getBoundingClientRect();
    if (box.width === 0) continue;
    if (finger > 0 && Math.min(box.width, box.height) < finger - 0.5) {
      faults.push(`too small for a finger (${Math.round(box.width)} × ${Math.round(box.height)}): ${name(button)}`);
    }
    const seen = clipped(button, box);
    if (seen.right > seen.left && seen.bottom > seen.top && !button.closest(".corner, .expectation")) boxes.push([button, seen]);
  }
  for (const [index, [one, box]] of boxes.entries()) {
    for (const [other, edge] of boxes.slice(index + 1)) {
      if (one.contains(other) || other.contains(one)) continue;
      const across = Math.min(box.right, edge.right) - Math.max(box.left, edge.left);
      const down = Math.min(box.bottom, edge.bottom) - Math.max(box.top, edge.top);
      const layers = [one, other].map((each) => each.closest("dialog, .menu, .enlarged")?.className ?? "");
      if (across > 1 && down > 1 && layers[0] === layers[1]) {
        faults.push(`button over button: ${name(one)} and ${name(other)}`);
      }
    }
  }
  document.adoptedStyleSheets = document.adoptedStyleSheets.filter((each) => each !== sheet);
  return [...new Set(faults)];
}
