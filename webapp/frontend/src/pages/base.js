// Pages without behaviour of their own.
import "../base/index.js";
