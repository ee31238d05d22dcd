// Which path shows which page; each page is a chunk that is loaded when it is opened.
// Deliberately absent: labels and keys (`pages`).

import { lazy } from 'react';
import { createBrowserRouter, Navigate } from 'react-router';
import { Broken } from './Broken';
import { Shell } from './Shell';

const SearchPage = lazy(() => import('../search/SearchPage'));
const DashboardsPage = lazy(() => import('../dashboards/DashboardsPage'));
const DashboardPage = lazy(() => import('../dashboards/DashboardPage'));
const PersonPage = lazy(() => import('../person/PersonPage'));
const RegistryPage = lazy(() => import('../registry/RegistryPage'));
const StatusPage = lazy(() => import('../status/StatusPage'));
const AdminPage = lazy(() => import('../admin/AdminPage'));

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
