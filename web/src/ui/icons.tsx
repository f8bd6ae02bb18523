// Line icons, 16 by 16, drawn in the colour of the text around them.
const drawn = (path: string) => () => <svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d={path} /></svg>;

export const SunIcon = drawn("M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM8 1v1.4M8 13.6V15M1 8h1.4M13.6 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1");
export const MoonIcon = drawn("M13.5 9.7A5.8 5.8 0 0 1 6.3 2.5a5.8 5.8 0 1 0 7.2 7.2Z");
export const AutoIcon = drawn("M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM8 1.8v12.4M8 5l3.5-.6M8 8h6M8 11l3.5.8");
export const MenuIcon = drawn("M2 4h12M2 8h12M2 12h12");
export const HelpIcon = drawn("M6 6.2a2 2 0 1 1 2.8 1.9c-.5.3-.8.6-.8 1.3M8 11.8v.1M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8Z");
export const SearchIcon = drawn("M7 2.2a4.8 4.8 0 1 0 0 9.6 4.8 4.8 0 0 0 0-9.6ZM10.6 10.6 14 14");
export const PlusIcon = drawn("M8 3v10M3 8h10");
export const CrossIcon = drawn("M4 4l8 8M12 4l-8 8");
export const DownloadIcon = drawn("M8 2v8M5 7.5 8 10.5l3-3M2.5 13.5h11");
export const LinkIcon = drawn("M6.8 9.2a2.7 2.7 0 0 0 3.8 0l2-2a2.7 2.7 0 0 0-3.8-3.8l-.8.8M9.2 6.8a2.7 2.7 0 0 0-3.8 0l-2 2a2.7 2.7 0 0 0 3.8 3.8l.8-.8");
export const Logo = () => <svg viewBox="0 0 22 22" fill="none" stroke="currentColor" stroke-linecap="round" aria-hidden="true"><path d="M4 4v6.5a7 7 0 0 0 14 0V4" stroke-width="2.6" /><path d="M9.2 4v6.4a1.8 1.8 0 0 0 3.6 0V4" stroke-width="1.6" opacity=".55" /></svg>;
