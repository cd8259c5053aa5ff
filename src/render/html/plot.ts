/**
 * The libraries that draw the charts of a page, in one file: the build puts them into its compiled form, with all that
 * they need, so that whoever installs this tool installs none of them.
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
export { parseHTML } from 'linkedom';
