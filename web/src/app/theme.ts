// Mantine's theme: our blue, small radii, dense controls.
// Deliberately absent: colours of the app's own surfaces (`base.css`).

import { createTheme, type MantineColorsTuple } from '@mantine/core';

const ledger: MantineColorsTuple = [
  '#eef2ff',
  '#dde5fd',
  '#b9c8f7',
  '#93abff',
  '#6d8dfa',
  '#4c70ea',
  '#3358d4',
  '#2a4bc0',
  '#2340a6',
  '#1b3388',
];

const dark: MantineColorsTuple = [
  '#e4e8f0',
  '#c3cad7',
  '#a7b0c0',
  '#8c96a9',
  '#38414f',
  '#2b323f',
  '#1a1f28',
  '#151920',
  '#0e1116',
  '#090b0f',
];

export const theme = createTheme({
  colors: { ledger, dark },
  primaryColor: 'ledger',
  primaryShade: { light: 6, dark: 6 },
  defaultRadius: 'sm',
  fontFamily: 'Inter, "Segoe UI", system-ui, -apple-system, Roboto, "Helvetica Neue", sans-serif',
  fontFamilyMonospace: 'var(--dl-mono)',
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '19px' },
  headings: {
    fontWeight: '600',
    sizes: { h1: { fontSize: '18px' }, h2: { fontSize: '15px' }, h3: { fontSize: '13px' } },
  },
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: 'xs' } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray', size: 28 } },
    TextInput: { defaultProps: { size: 'xs' } },
    PasswordInput: { defaultProps: { size: 'xs' } },
    Textarea: { defaultProps: { size: 'xs' } },
    NumberInput: { defaultProps: { size: 'xs' } },
    Select: { defaultProps: { size: 'xs' } },
    MultiSelect: { defaultProps: { size: 'xs' } },
    SegmentedControl: { defaultProps: { size: 'xs' } },
    Checkbox: { defaultProps: { size: 'xs' } },
    Switch: { defaultProps: { size: 'xs' } },
    Tooltip: { defaultProps: { openDelay: 350, withArrow: true, fz: 'xs' } },
    // A menu's focus goes to its first entry, as ARIA has it, and a menu has entries only.
    Menu: { defaultProps: { shadow: 'md', withinPortal: true, withInitialFocusPlaceholder: false } },
    Modal: {
      defaultProps: {
        overlayProps: { backgroundOpacity: 0.45, blur: 1 },
        centered: true,
        closeButtonProps: { 'aria-label': 'close' },
      },
    },
  },
});
