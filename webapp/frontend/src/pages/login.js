import "../base/index.js";
import "../parts/login.css";
