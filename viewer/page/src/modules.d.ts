// d3-flame-graph brings no types of its own; css is for the bundler.
declare module "d3-flame-graph";
declare module "*.css";
