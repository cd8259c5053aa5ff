/**
 * The library that draws the charts of a page, in one file: the build puts it into its compiled form, with all that
 * it needs, so that whoever installs this tool installs none of it.
 */
export {
  areaY,
  axisX,
  axisY,
  dot,
  gridX,
  gridY,
  line,
  link,
  plot,
  rect,
  ruleX,
  ruleY,
  text,
} from '@observablehq/plot';
