// Mantine's functions and mixins in style sheets: `light-dark()`, `rem()`, breakpoints.
module.exports = { plugins: { 'postcss-preset-mantine': {} } };
