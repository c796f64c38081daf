/** A tenant's colour, made readable: whatever it chose, text on it and in it keeps a contrast of 4.5. */

const READABLE = 4.5;
const WHITE = [255, 255, 255];

/**
 * @param {string} hex #RRGGBB
 * @returns {{color: string, ink: string}} the colour, darkened as little as white text on it needs
 */
export function readable(hex) {
  let rgb = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  if (rgb.some(Number.isNaN)) rgb = [31, 95, 91];
  while (contrast(rgb, WHITE) < READABLE) rgb = rgb.map((part) => Math.floor(part * 0.96));
  return { color: `rgb(${rgb.join(" ")})`, ink: "#ffffff" };
}

function contrast(one, other) {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

/** Relative luminance as WCAG 2 defines it. */
function luminance(rgb) {
  const [red, green, blue] = rgb.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
