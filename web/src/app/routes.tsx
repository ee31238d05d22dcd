// Which path shows which page; each page is a chunk that is loaded when it is opened.
// Deliberately absent: labels and keys (`pages`).

import { lazy } from 'react';
import { createBrowserRouter, Navigate } from 'react-router';
import { Broken } from './Broken';
import { Shell } from './Shell';

const loadSearch = () => import('../search/SearchPage');
const SearchPage = lazy(loadSearch);
const DashboardsPage = lazy(() => import('../dashboards/DashboardsPage'));
const DashboardPage = lazy(() => import('../dashboards/DashboardPage'));
const PersonPage = lazy(() => import('../person/PersonPage'));
const RegistryPage = lazy(() => import('../registry/RegistryPage'));
const StatusPage = lazy(() => import('../status/StatusPage'));
const AdminPage = lazy(() => import('../admin/AdminPage'));

// Most visits begin with it: it is on its way while the server is asked who is there. Should it not come, opening it says so.
if (['/', '/search'].includes(window.location.pathname)) loadSearch().catch(() => undefined);

export const router = createBrowserRouter([
  {
    element: <Shell />,
    errorElement: <Broken />,
    children: [
      { path: '/', element: <Navigate to="/search" replace /> },
      { path: '/search', element: <SearchPage />, errorElement: <Broken /> },
      { path: '/dashboards', element: <DashboardsPage />, errorElement: <Broken /> },
      { path: '/dashboards/:id', element: <DashboardPage />, errorElement: <Broken /> },
      { path: '/person', element: <PersonPage />, errorElement: <Broken /> },
      { path: '/applications', element: <RegistryPage />, errorElement: <Broken /> },
      { path: '/status', element: <StatusPage />, errorElement: <Broken /> },
      { path: '/access', element: <AdminPage />, errorElement: <Broken /> },
      { path: '*', element: <Broken missing /> },
    ],
  },
]);
