import "./app.css"; document.title;export {};
